package main

// A testCase parses the same bytes again and again.
type testCase struct {
	name string
	// commands arrive at once, and are parsed in one round.
	commands int
	// rounds are as many as the count needs to repeat.
	rounds int
}

var cases = []testCase{
	{"resp_pipeline_16", 16, 2000},
	{"resp_pipeline_64", 64, 500},
}
