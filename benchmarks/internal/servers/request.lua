-- Requests of one method for random keys, and a line of JSON at the end. Its arguments are
-- the method, the number of keys, the bytes of a value and a seed.

function init(args)
  method, keys = args[1], tonumber(args[2])
  if method == "PUT" then
    body = string.rep("x", tonumber(args[3]))
  end
  math.randomseed(tonumber(args[4]))
end

function request()
  local path = string.format("/api/v1/kv/key:%012d", math.random(0, keys - 1))
  return wrk.format(method, path, nil, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d,"max":%d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
