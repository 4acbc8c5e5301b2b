package linearizable

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// clock is where the times of histories begin.
var clock = time.Now()

func elapsed() int64 { return time.Since(clock).Nanoseconds() }

// record has clients do operations at the same time, and returns what came of them. do
// returns an operation's input and output.
func record(clients, operations int, seed uint64, do func(client int, rng *rand.Rand, call func()) (in, out any)) []porcupine.Operation {
	histories := make([][]porcupine.Operation, clients)
	var all sync.WaitGroup
	for client := range clients {
		rng := rand.New(rand.NewPCG(seed, uint64(client)))
		all.Go(func() {
			for range operations {
				op := porcupine.Operation{ClientId: client}
				op.Input, op.Output = do(client, rng, func() { op.Call = elapsed() })
				op.Return = elapsed()
				histories[client] = append(histories[client], op)
			}
		})
	}
	all.Wait()
	var history []porcupine.Operation
	for _, one := range histories {
		history = append(history, one...)
	}
	return history
}
