package httpapi

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

const transactionPath = "/api/v1/transaction"

func TestTransaction(t *testing.T) {
	s := newServer(t)
	s.put("a", "1")
	s.put("gone", "x")
	version := s.wantValue("a", "1").Version
	body := fmt.Sprintf(`{"conditions":[
		{"key_text":"a","version":%d},
		{"key":"YQ==","value":"MQ=="},
		{"key_text":"new","version":0}],
	"operations":[
		{"op":"put","key_text":"a","value_text":"2"},
		{"op":"put","key_text":"new","value_text":"v","ttl":"1h"},
		{"op":"delete","key_text":"gone"}]}`, version)
	a := s.do("POST", transactionPath+"?durability=sync", body, "Content-Type", "application/json")
	if a.status != 200 || a.body != `{"committed":true,"operations":3}`+"\n" {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.wantValue("a", "2")
	if meta := s.wantValue("new", "v"); time.Until(time.UnixMilli(meta.ExpiresAt)) < 59*time.Minute {
		t.Errorf("%+v", meta)
	}
	if has, err := s.db.Has([]byte("gone")); has || err != nil {
		t.Errorf("the deleted key is there: %v", err)
	}

	p := wantProblem(t, s.do("POST", transactionPath, body), conditionFailed)
	if p.Condition == nil || *p.Condition != 0 || !strings.HasPrefix(p.Detail, "condition 0 does not hold: the key has another value, whose version is ") {
		t.Errorf("%+v", p)
	}
	p = wantProblem(t, s.do("POST", transactionPath, `{"operations":[{"op":"delete","key_text":"a"}],"conditions":[
		{"key_text":"a","value_text":"2"},{"key_text":"gone","value_text":""}]}`), conditionFailed)
	if p.Condition == nil || *p.Condition != 1 || p.Detail != "condition 1 does not hold: the key is absent" {
		t.Errorf("%+v", p)
	}
	s.wantValue("a", "2")
	if a := s.do("POST", transactionPath, `{"conditions":[],"operations":[]}`); a.status != 200 || a.body != `{"committed":true,"operations":0}`+"\n" {
		t.Errorf("an empty transaction: %d %s", a.status, a.body)
	}
}

func TestTransactionRefuses(t *testing.T) {
	s := newServer(t)
	const put = `"operations":[{"op":"put","key_text":"k","value_text":"v"}]`
	const good = `{"conditions":[{"key_text":"k","version":0}],` + put + `}`
	long := strings.Repeat("k", mantisdb.MaxKeyLen+1)
	for _, c := range []struct {
		body   string
		header []string
		want   kind
		tells  string
	}{
		{`{` + put + `}`, nil, malformedRequest, `"conditions" is missing`},
		{`{"conditions":[{"key_text":"k"}],` + put + `}`, nil, malformedRequest, "condition 0"},
		{`{"conditions":[{"key_text":"","version":0}],` + put + `}`, nil, invalidKey, "condition 0"},
		{`{"conditions":[{"key_text":"` + long + `","version":0}],` + put + `}`, nil, invalidKey, "condition 0"},
		{`{"conditions":[],"operations":[{"op":"increment","key_text":"k"}]}`, nil, malformedRequest, "operation 0"},
		{good[:len(good)-1], nil, malformedRequest, "ends too early"},
		{good, []string{"Content-Type", "text/plain"}, unsupportedMedia, "a transaction is application/json"},
		{good, []string{"Content-Encoding", "br"}, unsupportedMedia, "Content-Encoding"},
		{good, []string{"If-Match", `"5"`}, malformedRequest, "If-Match"},
		{good, []string{"If-None-Match", "*"}, malformedRequest, "If-None-Match"},
		{good, []string{"Sec-Fetch-Site", "cross-site"}, crossOrigin, "another site"},
	} {
		p := wantProblem(t, s.do("POST", transactionPath, c.body, c.header...), c.want)
		if !strings.Contains(p.Detail, c.tells) {
			t.Errorf("%.100s: %q lacks %q", c.body, p.Detail, c.tells)
		}
	}
	wantProblem(t, s.do("POST", transactionPath+"?x=1", good), malformedRequest)
	for _, method := range []string{"GET", "HEAD", "PUT"} {
		if a := s.do(method, transactionPath, ""); a.status != 405 || a.header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
	if stats, err := s.db.Stats(); err != nil || stats.Puts != 0 {
		t.Errorf("something was written: %+v, %v", stats, err)
	}
	busy := newServerOver(t, failingStore{err: mantisdb.ErrConflict})
	wantProblem(t, busy.do("POST", transactionPath, good), writeConflict)
}

// TestTransactionsKeepTheSum: clients that move amounts between accounts, under the
// versions or the values that they read, neither make nor lose any.
func TestTransactionsKeepTheSum(t *testing.T) {
	s := newServer(t)
	const accounts, clients, each, start = 4, 8, 25, 100
	for i := range accounts {
		s.put(fmt.Sprint("account/", i), strconv.Itoa(start))
	}
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(client)))
			for done := 0; done < each; {
				switch status := s.transfer(random, client%2 == 0); status {
				case 200:
					done++
				case 409:
				default:
					t.Errorf("%d", status)
					return
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	scan := s.db.Scan(mantisdb.Range{})
	for key, value := range scan.All() {
		balance, err := strconv.Atoi(string(value))
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
		sum += balance
	}
	if err := scan.Err(); err != nil || sum != accounts*start {
		t.Errorf("the sum is %d, %v, want %d", sum, err, accounts*start)
	}
}

// transfer moves an amount between two of four accounts, and returns the status.
func (s *testServer) transfer(random *rand.Rand, byVersion bool) int {
	from := random.IntN(4)
	to := (from + 1 + random.IntN(3)) % 4
	amount := random.IntN(10)
	var conditions, operations []map[string]any
	for account, change := range map[int]int{from: -amount, to: amount} {
		key := fmt.Sprint("account/", account)
		a := s.do("GET", kvPrefix+key, "")
		balance, err := strconv.Atoi(a.body)
		if err != nil {
			s.t.Errorf("%q", a.body)
		}
		condition := map[string]any{"key_text": key, "value_text": a.body}
		if byVersion {
			condition = map[string]any{"key_text": key, "version": json.Number(strings.Trim(a.header.Get("ETag"), `"`))}
		}
		conditions = append(conditions, condition)
		operations = append(operations, map[string]any{"op": "put", "key_text": key, "value_text": strconv.Itoa(balance + change)})
	}
	body, err := json.Marshal(map[string]any{"conditions": conditions, "operations": operations})
	if err != nil {
		s.t.Error(err)
	}
	return s.do("POST", transactionPath, string(body)).status
}
