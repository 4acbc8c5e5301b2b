package servers

import (
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

func TestParseBenchmark(t *testing.T) {
	record := measure.Record{Ops: 1000}
	err := parseBenchmark([]byte(`"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"SET","20000.50","0.300","0.100","0.250","0.500","1.125","2.000"
`), &record)
	if err != nil {
		t.Fatal(err)
	}
	if record.OpsPerSec != 20000.5 || record.Seconds != 1000/20000.5 || record.P50 != 250_000 || record.P99 != 1_125_000 ||
		record.P999 != 0 || record.Max != 2_000_000 {
		t.Errorf("%+v", record)
	}
	for _, text := range []string{
		"", "\"test\",\"rps\"\n", "\"test\",\"rps\"\n\"SET\",\"5\"\n", "\"test\",\"rps\"\n\"SET\",\"0\"\n",
		"Could not connect to Redis\n", "\"test\",\"rps\"\n\"SET\",\"many\"\n",
	} {
		if err := parseBenchmark([]byte(text), &record); err == nil {
			t.Errorf("no error of %q", text)
		}
	}
}

func TestParseWrk(t *testing.T) {
	var record measure.Record
	err := parseWrk([]byte(`Running 1s test @ http://127.0.0.1:1
Requests/sec:  10.00
{"requests":500,"micros":2000000,"failed":0,"p50":100,"p99":200,"p999":300,"max":400}
`), &record)
	if err != nil {
		t.Fatal(err)
	}
	if record.Ops != 500 || record.Seconds != 2 || record.P50 != 100_000 || record.P99 != 200_000 || record.P999 != 300_000 || record.Max != 400_000 {
		t.Errorf("%+v", record)
	}
	for _, text := range []string{
		"", "{", `{"requests":500,"micros":2000000,"failed":1}`, `{"requests":0,"micros":2000000,"failed":0}`,
	} {
		if err := parseWrk([]byte(text), &record); err == nil {
			t.Errorf("no error of %q", text)
		}
	}
}
