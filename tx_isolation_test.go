package mantisdb_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// An anomaly is what happens if transactions are not kept apart. It tells what it
// found wrong, or that a transaction was refused.
type anomaly struct {
	name string
	run  func(t *testing.T, db *mantisdb.DB) (wrong string, err error)
}

var anomalies = []anomaly{
	{"lost update", func(t *testing.T, db *mantisdb.DB) (string, error) {
		mustPut(t, db, "n", "1")
		a, b := beginTx(t, db, true), beginTx(t, db, true)
		a.put("n", a.get("n")+"a")
		b.put("n", b.get("n")+"b")
		err := errors.Join(a.Commit(), b.Commit())
		if got := beginTx(t, db, false).get("n"); err == nil && len(got) != 3 {
			return "both added a letter, and there is " + got, err
		}
		return "", err
	}},
	{"write skew", func(t *testing.T, db *mantisdb.DB) (string, error) {
		mustPut(t, db, "x", "on call")
		mustPut(t, db, "y", "on call")
		a, b := beginTx(t, db, true), beginTx(t, db, true)
		leave := func(x inTx, own, other string) {
			if x.get(own) != "" && x.get(other) != "" {
				x.delete(own)
			}
		}
		leave(a, "x", "y")
		leave(b, "y", "x")
		err := errors.Join(a.Commit(), b.Commit())
		if end := beginTx(t, db, false); end.get("x")+end.get("y") == "" {
			return "both left, as each saw the other", err
		}
		return "", err
	}},
	{"phantom", func(t *testing.T, db *mantisdb.DB) (string, error) {
		a, b := beginTx(t, db, true), beginTx(t, db, true)
		book := func(x inTx, key string) {
			if len(x.scan(mantisdb.Prefix([]byte("room/")))) == 0 {
				x.put(key, "booked")
			}
		}
		book(a, "room/a")
		book(b, "room/b")
		err := errors.Join(a.Commit(), b.Commit())
		if got := beginTx(t, db, false).scan(mantisdb.Prefix([]byte("room/"))); len(got) > 1 {
			return fmt.Sprint("both saw none, and there are ", got), err
		}
		return "", err
	}},
	{"a deleted range", func(t *testing.T, db *mantisdb.DB) (string, error) {
		mustPut(t, db, "room/a", "free")
		a, b := beginTx(t, db, true), beginTx(t, db, true)
		if a.get("room/a") == "free" {
			a.put("guest", "room/a")
		}
		if b.get("guest") == "" {
			ok(t, b.DeleteRange(mantisdb.Prefix([]byte("room/"))))
		}
		err := errors.Join(a.Commit(), b.Commit())
		if end := beginTx(t, db, false); end.get("guest") != "" && end.get("room/a") == "" {
			return "a guest has a room that is gone", err
		}
		return "", err
	}},
	{"phantom beyond the end of a loop", func(t *testing.T, db *mantisdb.DB) (string, error) {
		mustPut(t, db, "m", "v")
		a := beginTx(t, db, true)
		smallest := ""
		for key := range a.Scan(mantisdb.Range{}).All() {
			smallest = string(key)
			break
		}
		a.put("the smallest", smallest)
		mustPut(t, db, "z", "not looked at")
		mustPut(t, db, "a", "smaller")
		err := a.Commit()
		if got := beginTx(t, db, false).get("the smallest"); got == "m" {
			return "a was smaller than m when m was noted as the smallest", err
		}
		return "", err
	}},
	{"read skew", func(t *testing.T, db *mantisdb.DB) (string, error) {
		mustPut(t, db, "x", "1")
		mustPut(t, db, "y", "1")
		a := beginTx(t, db, true)
		x := a.get("x")
		b := beginTx(t, db, true)
		b.put("x", "2")
		b.put("y", "2")
		ok(t, b.Commit())
		y := a.get("y")
		a.put("sum", x+y)
		err := a.Commit()
		if got := beginTx(t, db, false).get("sum"); got == "12" {
			return "a sum of two states", err
		} else if got == "11" {
			return "a sum of a state that was gone", err
		}
		return "", err
	}},
	{"long fork", func(t *testing.T, db *mantisdb.DB) (string, error) {
		first, second := beginTx(t, db, true), beginTx(t, db, true)
		a, b := beginTx(t, db, true), beginTx(t, db, true)
		ax := a.get("x")
		first.put("x", "new")
		ok(t, first.Commit())
		bx, by := b.get("x"), b.get("y")
		second.put("y", "new")
		ok(t, second.Commit())
		ay := a.get("y")
		a.put("a", ax+","+ay)
		b.put("b", bx+","+by)
		err := errors.Join(a.Commit(), b.Commit())
		end := beginTx(t, db, false)
		if end.get("a") == ",new" && end.get("b") == "new," {
			return "one saw y before x, the other x before y", err
		} else if end.get("a") != "" && end.get("b") != "" {
			return "both committed what they saw of the past", err
		}
		return "", err
	}},
}

// TestIsolation lets transactions meet in the ways in which they can disturb each
// other. To show that each of these finds what it looks for, it is done once more
// with transactions that check nothing when they commit: then it must go wrong.
func TestIsolation(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, a := range anomalies {
			t.Run(a.name, func(t *testing.T) {
				clearAll(t, db)
				wrong, err := a.run(t, db)
				if wrong != "" || !errors.Is(err, mantisdb.ErrConflict) {
					t.Errorf("%s, %v, want a conflict", wrong, err)
				}
				clearAll(t, db)
				if wrong, err := a.run(t, mantisdb.Unvalidated(db)); wrong == "" || err != nil {
					t.Errorf("without a check it goes right: %v", err)
				}
			})
		}
	})
}

func clearAll(t *testing.T, db *mantisdb.DB) {
	t.Helper()
	scan := db.Scan(mantisdb.Range{KeysOnly: true})
	for key := range scan.All() {
		ok(t, db.Delete(key))
	}
	ok(t, scan.Err())
}

// bankSeconds is how long TestBank runs on each engine.
var bankSeconds = flag.Float64("bank-seconds", 0.5, "how long TestBank runs on each engine")

// TestBank moves money between accounts from eight goroutines; what is there in sum
// is the same in every snapshot.
func TestBank(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		const accounts, each, movers = 20, 1000, 8
		for i := range accounts {
			mustPut(t, db, account(i), strconv.Itoa(each))
		}
		stop := time.Now().Add(time.Duration(*bankSeconds * float64(time.Second)))
		var moves atomic.Int64
		var wg sync.WaitGroup
		for mover := range movers {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(uint64(mover), 7))
				for time.Now().Before(stop) {
					if err := move(db, random, accounts); err != nil {
						t.Error(err)
						return
					}
					moves.Add(1)
				}
			})
		}
		for sums := 0; time.Now().Before(stop); sums++ {
			sum := 0
			err := db.View(func(tx *mantisdb.Tx) error {
				scan := tx.Scan(mantisdb.Prefix([]byte("account/")))
				for _, value := range scan.All() {
					n, err := strconv.Atoi(string(value))
					if err != nil {
						return err
					}
					sum += n
				}
				return scan.Err()
			})
			if err != nil || sum != accounts*each {
				t.Errorf("after %d sums there are %d, %v, want %d", sums, sum, err, accounts*each)
				break
			}
		}
		wg.Wait()
		t.Logf("%d transfers", moves.Load())
	})
}

func account(i int) string { return fmt.Sprintf("account/%02d", i) }

// move moves an amount from one account to another, if it is there.
func move(db *mantisdb.DB, random *rand.Rand, accounts int) error {
	from, to, amount := random.IntN(accounts), random.IntN(accounts), random.IntN(50)
	return db.Update(func(tx *mantisdb.Tx) error {
		balances := [2]int{}
		for i, n := range []int{from, to} {
			value, err := tx.Get([]byte(account(n)))
			if err != nil {
				return err
			}
			if balances[i], err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
		if from == to || balances[0] < amount {
			return nil
		}
		if err := tx.Put([]byte(account(from)), strconv.AppendInt(nil, int64(balances[0]-amount), 10)); err != nil {
			return err
		}
		return tx.Put([]byte(account(to)), strconv.AppendInt(nil, int64(balances[1]+amount), 10))
	})
}
