package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
)

// accessFlags say who may use the server, and how connections are encrypted.
type accessFlags struct {
	password          string
	passwordFile      string
	usersFile         string
	certFile, keyFile string
}

func (f *accessFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.password, "password", "", "password of the user \"default\", which clients must send; better given as MANTISDB_PASSWORD, which no list of processes shows")
	flags.StringVar(&f.passwordFile, "password-file", "", "file that holds that password, as secrets of containers are given; excludes --password")
	flags.StringVar(&f.usersFile, "users", "", "file of users and their rights, in the form of Redis's ACL files; excludes a password")
	flags.StringVar(&f.certFile, "tls-cert", "", "file of the certificate (PEM), with those of its issuers; all connections but those of the Unix socket are encrypted then; read anew when it changes")
	flags.StringVar(&f.keyFile, "tls-key", "", "file of the certificate's key (PEM)")
}

// users are those of the file, or the user with the password.
func (f *accessFlags) users() (*acl.List, error) {
	if f.usersFile == "" {
		password, err := f.defaultPassword()
		if err != nil {
			return nil, err
		}
		return acl.NewList(password), nil
	}
	if f.password != "" || f.passwordFile != "" {
		return nil, usageError{errors.New("--users excludes --password and --password-file: give the user \"default\" a password in the file")}
	}
	return acl.LoadList(f.usersFile)
}

// defaultPassword is that of the user "default", empty if it needs none. A file with none in
// it is an error: it was meant to hold one.
func (f *accessFlags) defaultPassword() (string, error) {
	switch {
	case f.passwordFile == "":
		return f.password, nil
	case f.password != "":
		return "", usageError{errors.New("--password and --password-file exclude each other: give one")}
	}
	content, err := os.ReadFile(f.passwordFile)
	if err != nil {
		return "", fmt.Errorf("cannot read the password: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", fmt.Errorf("the password file %s is empty", f.passwordFile)
	}
	return password, nil
}

// passwordOfVariables is the password of the user "default" as a server would find it in
// variables, for clients beside it; empty if they have none.
func passwordOfVariables() (string, error) {
	var access accessFlags
	access.password, _ = variable("password")
	access.passwordFile, _ = variable("password-file")
	return access.defaultPassword()
}

// certificate is the configuration of TLS; nil without a certificate.
func (f *accessFlags) certificate(logger *slog.Logger) (*tls.Config, error) {
	if (f.certFile == "") != (f.keyFile == "") {
		return nil, usageError{errors.New("--tls-cert and --tls-key go together")}
	}
	if f.certFile == "" {
		return nil, nil
	}
	certificate, err := server.LoadCertificate(f.certFile, f.keyFile, logger)
	if err != nil {
		return nil, err
	}
	return certificate.Config(), nil
}

func (f *accessFlags) isEncrypted() bool { return f.certFile != "" }
