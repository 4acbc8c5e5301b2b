// Package network is a network of hosts in network namespaces of Linux, whose links can be
// cut: what programs of a cluster are tested on. It needs root, ip of iproute2 and nft of
// nftables.
package network
