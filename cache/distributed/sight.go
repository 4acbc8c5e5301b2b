package distributed

import (
	"context"
	"slices"
	"sync"

	"github.com/olric-data/olric"
	olricconfig "github.com/olric-data/olric/config"
	"github.com/redis/go-redis/v9"
)

// sight asks other nodes whether they see this one. Gossip does not tell: a node that others have
// given up goes on to see them as soon as it reaches them again, for as long as half a minute, and
// would answer by what it has while they write elsewhere.
type sight struct {
	options redis.Options

	mu sync.Mutex
	// clients are those of nodes, by address: nil while one is asked, which is not asked another
	// question meanwhile. All of it is nil once closed.
	clients map[string]*redis.Client
}

// newSight asks as Olric's own client of that configuration does.
func newSight(c *olricconfig.Client) *sight {
	s := &sight{options: *c.RedisOptions(), clients: map[string]*redis.Client{}}
	s.options.Protocol, s.options.DisableIdentity, s.options.MaxRetries = 2, true, -1
	s.options.ContextTimeoutEnabled = true
	// A client has one connection at a time, and is gone with the first that fails. A pool of one
	// would go on to connect by itself, and answer nothing meanwhile, for a second or more.
	s.options.PoolSize = 2
	return s
}

// answers are those to a question to all.
type answers struct {
	seen  int // how many nodes see this one, itself included
	given int // how many nodes have answered, itself included
}

// ask asks others, and returns when enough of them see the node, or all have answered or will not.
// If the node itself is enough, it asks nobody.
func (s *sight) ask(node olric.Member, others []olric.Member, enough int) answers {
	s.keep(others)
	sum := answers{seen: 1, given: 1}
	if sum.seen >= enough {
		return sum
	}
	ctx, cancel := context.WithTimeout(context.Background(), probe)
	all := make(chan answers, len(others))
	var asking sync.WaitGroup
	for _, other := range others {
		asking.Go(func() { all <- s.askOne(ctx, node, other) })
	}
	go func() {
		asking.Wait()
		cancel()
	}()
	for range others {
		one := <-all
		sum.seen, sum.given = sum.seen+one.seen, sum.given+one.given
		if sum.seen >= enough {
			break
		}
	}
	return sum
}

func (s *sight) askOne(ctx context.Context, node, other olric.Member) answers {
	client := s.take(other.Name)
	if client == nil {
		return answers{}
	}
	members, err := client.Do(ctx, "cluster.members").Slice()
	s.giveBack(other.Name, client, err)
	if err != nil {
		return answers{}
	}
	for _, one := range members {
		// A name, when the node began, and more.
		if of, ok := one.([]any); ok && len(of) > 1 && of[0] == node.Name && of[1] == node.Birthdate {
			return answers{seen: 1, given: 1}
		}
	}
	return answers{given: 1}
}

// take is the client of a node, until it is given back; nil while somebody else has it, and once
// all are closed.
func (s *sight) take(address string) *redis.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	client, known := s.clients[address]
	if s.clients == nil || known && client == nil {
		return nil
	}
	if !known {
		options := s.options
		options.Addr = address
		client = redis.NewClient(&options)
	}
	s.clients[address] = nil
	return client
}

// giveBack keeps a client for the next question, unless one failed.
func (s *sight) giveBack(address string, client *redis.Client, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.clients != nil {
		s.clients[address] = client
		return
	}
	delete(s.clients, address)
	_ = client.Close() // nothing is on its way that matters
}

// keep closes the clients of all nodes but some.
func (s *sight) keep(some []olric.Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, client := range s.clients {
		if client == nil || slices.ContainsFunc(some, func(one olric.Member) bool { return one.Name == address }) {
			continue
		}
		delete(s.clients, address)
		_ = client.Close()
	}
}

// close closes all clients. One that is taken is closed when it is given back.
func (s *sight) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, client := range s.clients {
		if client != nil {
			_ = client.Close()
		}
	}
	s.clients = nil
}
