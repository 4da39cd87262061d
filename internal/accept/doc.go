// Command accept tries from outside what Fovea promises: it starts the freshly built program on an invented hospital,
// drops files into its studios' folders, speaks to it over HTTPS, WebDAV and the command line, kills it, fills its disk,
// and looks at what it leaves behind.
//
// It is a black box: it knows the program's formats and doors, never its packages, so that it fails where a user would.
// It prints one line for each promise: its name, a figure, and ok or short as the last word. A promise that is only
// slower than said is short and changes nothing about the exit code, because a figure depends on the machine. Neither does
// one that this machine has no means for, such as a mount without /dev/fuse: nothing was shown, so it is short and says
// why, and nothing is broken. A promise that is broken, or whose trial failed in any other way, is short and makes the
// exit code 1. What was wrong goes to standard error.
//
// Two kinds of promise have their own programs already, which are run and whose figures are read: real clients that mount
// the drive (internal/mounts) and speed beside a peer (go test -bench).
//
// It refuses to mend, to skip and to try again until it works. It listens nowhere itself, and stops what it started.
//
// Each promise is one function in one file, named after its capability: spine_walk.go. Start reading at promises.go, then
// spine.go, the list of one capability, hospital.go, which is the program under trial, and client.go, which is how people
// reach it.
package main
