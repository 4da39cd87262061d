// Command accept tries from outside what Fovea promises: it starts the freshly built program on an invented hospital,
// drops files into its studios' folders, speaks to it over HTTPS, WebDAV and the command line, kills it, fills its disk,
// and looks at what it leaves behind.
//
// It is a black box: it knows the program's formats and doors, never its packages, so that it fails where a user would.
// It prints one line for each promise: its name, a figure, and ok or short as the last word. A promise that is only
// slower than said is short and changes nothing about the exit code, because a figure depends on the machine; a promise
// that is broken, or that could not be tried, is short and makes the exit code 1. What was wrong goes to standard error.
//
// It refuses to mend, to skip and to try again until it works. It listens nowhere itself, and stops what it started.
//
// Each promise is one function in one file. Start reading at spine (promises.go), then hospital.go, which is the
// program under trial, and client.go, which is how people reach it.
package main
