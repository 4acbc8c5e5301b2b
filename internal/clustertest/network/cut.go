//go:build linux

package network

import (
	"fmt"
	"strings"
)

// cuts is the table of a host that drops, without a word, what comes from the hosts of one set, and
// refuses what comes by TCP from those of another, as a host does where nobody listens.
const cuts = `table ip cuts {
	set from { type ipv4_addr; }
	set refused { type ipv4_addr; }
	chain input {
		type filter hook input priority 0;
		ip saddr @from drop;
		ip saddr @refused meta l4proto tcp reject with tcp reset;
	}
}`

func (n *Network) prepareCuts(host int) error { return n.nft(host, cuts) }

// Cut has whatever one host sends to another be lost; what the other sends still comes.
func (n *Network) Cut(from, to int) error {
	return n.nft(to, fmt.Sprintf("add element ip cuts from { %s }", n.Address(from)))
}

// Refuse has a host break what connections it has with others, as soon as they send anything, and
// take none of theirs: for them it is as if its processes had ended. It hears of nothing: what it
// sends still comes, for as long as nobody has to answer.
func (n *Network) Refuse(host int, others ...int) error {
	return n.nft(host, "add element ip cuts refused { "+n.addresses(others)+" }")
}

// Part cuts all links, both ways, between hosts of different groups. Hosts of no group keep
// theirs.
func (n *Network) Part(groups ...[]int) error {
	for i, to := range groups {
		var others []int
		for j, from := range groups {
			if i != j {
				others = append(others, from...)
			}
		}
		if len(others) == 0 {
			continue
		}
		for _, host := range to {
			if err := n.nft(host, "add element ip cuts from { "+n.addresses(others)+" }"); err != nil {
				return err
			}
		}
	}
	return nil
}

// Heal has every link be whole again.
func (n *Network) Heal() error {
	for host := 1; host <= n.hosts; host++ {
		if err := n.nft(host, "flush set ip cuts from; flush set ip cuts refused"); err != nil {
			return err
		}
	}
	return nil
}

// addresses are those of hosts, as the rules name a set of them.
func (n *Network) addresses(hosts []int) string {
	var all []string
	for _, host := range hosts {
		all = append(all, n.Address(host))
	}
	return strings.Join(all, ", ")
}

// nft changes the rules of a host.
func (n *Network) nft(host int, rules string) error {
	return run(rules, "ip", "netns", "exec", n.namespace(host), "nft", "-f", "-")
}
