// Package peers measures the drive beside other WebDAV servers: the handler of golang.org/x/net/webdav, Apache, nginx with
// dav-ext, and rclone. All of them run at once as processes of their own on loopback, serve the same pictures, and take
// turns in one run, so that whatever else the machine does meets all. Each line of the table that is printed has a figure,
// what it must be, what it aims at, and ok or short.
//
// The peers serve plain files and ask for no password. Ours serves the same pictures sealed on disk from a real vault,
// through the gate, which decides on every one, to a device that signs in with an app password.
//
// A figure that is missed is short and fails nothing, because it depends on the machine; what fails is a server that does
// not answer as it should. It needs apache2, nginx and rclone and is asked for with the build tag peers (make bench-webdav).
//
// Start reading at peers_test.go; lines_test.go is the table, measure_test.go what is measured, world_test.go the pictures,
// servers_test.go and fovea_test.go the servers.
package peers
