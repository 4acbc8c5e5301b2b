package distributed

import (
	"context"
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

	mu      sync.Mutex
	clients map[string]*redis.Client // by address; nil once closed
}

// newSight asks as Olric's own client of that configuration does.
func newSight(c *olricconfig.Client) *sight {
	s := &sight{options: *c.RedisOptions(), clients: map[string]*redis.Client{}}
	s.options.Protocol, s.options.DisableIdentity, s.options.MaxRetries = 2, true, -1
	s.options.ContextTimeoutEnabled = true
	s.options.PoolSize = 1 // who does not answer one question is not asked another meanwhile
	return s
}

// answers are those to a question to all.
type answers struct {
	seen  int // how many nodes see this one, itself included
	given int // how many nodes have answered, itself included
}

// ask asks others, and returns when enough of them see the node, or all have answered or will not.
func (s *sight) ask(node olric.Member, others []olric.Member, enough int) answers {
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
	sum := answers{seen: 1, given: 1}
	for range others {
		if sum.seen >= enough {
			break
		}
		one := <-all
		sum.seen, sum.given = sum.seen+one.seen, sum.given+one.given
	}
	return sum
}

func (s *sight) askOne(ctx context.Context, node, other olric.Member) answers {
	client := s.client(other.Name)
	if client == nil {
		return answers{}
	}
	members, err := client.Do(ctx, "cluster.members").Slice()
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

// client is that to a node; nil once all are closed.
func (s *sight) client(address string) *redis.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	client := s.clients[address]
	if client == nil && s.clients != nil {
		options := s.options
		options.Addr = address
		client = redis.NewClient(&options)
		s.clients[address] = client
	}
	return client
}

// close ends all connections.
func (s *sight) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, client := range s.clients {
		_ = client.Close() // nothing is on its way that matters
	}
	s.clients = nil
}
