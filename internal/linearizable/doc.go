// Package linearizable has goroutines work on a few keys at the same time, and checks
// that what each was told fits one order of all operations, in which each comes between
// its call and its return. The check is porcupine's: it searches for such an order.
//
// Operations on one key are checked key by key, and those on several against the state
// of all. The model of one key and the check serve other tests, too.
package linearizable
