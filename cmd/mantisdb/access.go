package main

import (
	"crypto/tls"
	"errors"
	"log/slog"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
)

// accessFlags say who may use the server, and how connections are encrypted.
type accessFlags struct {
	password          string
	usersFile         string
	certFile, keyFile string
}

func (f *accessFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.password, "password", "", "password of the user \"default\", which clients must send; better given as MANTISDB_PASSWORD, which no list of processes shows")
	flags.StringVar(&f.usersFile, "users", "", "file of users and their rights, in the form of Redis's ACL files; excludes --password")
	flags.StringVar(&f.certFile, "tls-cert", "", "file of the certificate (PEM), with those of its issuers; all connections but those of the Unix socket are encrypted then; read anew when it changes")
	flags.StringVar(&f.keyFile, "tls-key", "", "file of the certificate's key (PEM)")
}

// users are those of the file, or the user with the password.
func (f *accessFlags) users() (*acl.List, error) {
	switch {
	case f.usersFile != "" && f.password != "":
		return nil, usageError{errors.New("--users and --password exclude each other: give the user \"default\" a password in the file")}
	case f.usersFile != "":
		return acl.LoadList(f.usersFile)
	}
	return acl.NewList(f.password), nil
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
