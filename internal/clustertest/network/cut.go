//go:build linux

package network

import (
	"fmt"
	"strings"
)

// cuts is the table of a host that drops, without a word, what comes from the hosts of a set.
const cuts = `table ip cuts {
	set from { type ipv4_addr; }
	chain input { type filter hook input priority 0; ip saddr @from drop; }
}`

func (n *Network) prepareCuts(host int) error { return n.nft(host, cuts) }

// Cut has whatever one host sends to another be lost; what the other sends still comes.
func (n *Network) Cut(from, to int) error {
	return n.nft(to, fmt.Sprintf("add element ip cuts from { %s }", n.Address(from)))
}

// Part cuts all links, both ways, between hosts of different groups. Hosts of no group keep
// theirs.
func (n *Network) Part(groups ...[]int) error {
	for i, to := range groups {
		var others []string
		for j, from := range groups {
			for _, host := range from {
				if i != j {
					others = append(others, n.Address(host))
				}
			}
		}
		if len(others) == 0 {
			continue
		}
		for _, host := range to {
			if err := n.nft(host, "add element ip cuts from { "+strings.Join(others, ", ")+" }"); err != nil {
				return err
			}
		}
	}
	return nil
}

// Heal has every link be whole again.
func (n *Network) Heal() error {
	for host := 1; host <= n.hosts; host++ {
		if err := n.nft(host, "flush set ip cuts from"); err != nil {
			return err
		}
	}
	return nil
}

// nft changes the rules of a host.
func (n *Network) nft(host int, rules string) error {
	return run(rules, "ip", "netns", "exec", n.namespace(host), "nft", "-f", "-")
}
