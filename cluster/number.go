package cluster

// NumberHeader is the header of each request of one node to another that has the number of the cluster
// of who asks, if that has one: nodes of another cluster refuse it.
const NumberHeader = "Mantisdb-Cluster"
