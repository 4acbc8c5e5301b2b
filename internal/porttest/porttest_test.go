package porttest

import "testing"

// TestClaim claims a port that is claimed already, and again once the test has ended whose it was.
func TestClaim(t *testing.T) {
	port := 0
	t.Run("first", func(t *testing.T) {
		for port = lowest; !claim(t, port); port += 2 {
			if port >= highest {
				t.Fatal("no port can be claimed")
			}
		}
		if claim(t, port) {
			t.Errorf("port %d was claimed twice", port)
		}
	})
	if !claim(t, port) {
		t.Errorf("port %d is claimed for good", port)
	}
}
