package redis

import "testing"

func TestCounterReplies(t *testing.T) {
	const overflow = replyError("ERR increment or decrement would overflow")
	newTestServer(t).dial(t).converse([]exchange{
		{"INCR n", 1},
		{"INCRBY n 10", 11},
		{"DECR n", 10},
		{"DECRBY n 25", -15},
		{"DECRBY n -20", 5},
		{"GET n", "5"},
		{"INCRBY n x", notInteger},
		{"DECRBY n 1.5", notInteger},
		{"DECRBY n -9223372036854775808", replyError("ERR decrement would overflow")},
		{"SET n 9223372036854775807", "OK"},
		{"INCR n", overflow},
		{"DECRBY n -1", overflow},
		{"GET n", "9223372036854775807"},
		{"SET n -9223372036854775808", "OK"},
		{"DECR n", overflow},
		{"INCRBY n -1", overflow},
		{`SET n " 1"`, "OK"},
		{"INCR n", notInteger},
		{"SET n 01", "OK"},
		{"INCR n", notInteger},
		{"SET n -0", "OK"},
		{"INCR n", notInteger},
		{"SET n +1", "OK"},
		{"INCR n", notInteger},
		{`SET n ""`, "OK"},
		{"INCR n", notInteger},
		{"SET n 9223372036854775808", "OK"},
		{"INCR n", notInteger},
	})
}

func TestFloatCounterReplies(t *testing.T) {
	const infinite = replyError("ERR increment would produce NaN or Infinity")
	newTestServer(t).dial(t).converse([]exchange{
		{"INCRBYFLOAT f 10.50", "10.5"},
		{"INCRBYFLOAT f 0.1", "10.6"},
		{"INCRBYFLOAT f -5", "5.6"},
		{"GET f", "5.6"},
		{"SET f 3.0e3", "OK"},
		{"INCRBYFLOAT f 200", "3200"},
		{"INCRBYFLOAT f x", notFloat},
		{"INCRBYFLOAT f nan", notFloat},
		{"INCRBYFLOAT f inf", infinite},
		{"INCRBYFLOAT f -infinity", infinite},
		{`INCRBYFLOAT f " 1"`, notFloat},
		{`SET f "1 "`, "OK"},
		{"INCRBYFLOAT f 1", notFloat},
		{"SET f inf", "OK"},
		{"INCRBYFLOAT f -inf", infinite},
		{"SET f 1.1897314953572317650e4932", "OK"},
		{"INCRBYFLOAT f 1.1897314953572317650e4932", infinite},
	})
}
