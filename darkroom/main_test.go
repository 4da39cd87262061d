package darkroom_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"fovea/darkroom"
)

// These make this test's own program an editing child: a good one, one that a
// picture took over, one that never ends, one that eats memory, one that lies.
const (
	childArg   = "edit-as-a-child"
	spyArg     = "spy-as-a-child"
	idleArg    = "idle-as-a-child"
	hungryArg  = "eat-as-a-child"
	liarArg    = "lie-as-a-child"
	crashedArg = "crash-as-a-child"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArg {
		if err := darkroom.Child(context.Background(), os.Stdin, os.Stdout); err != nil {
			panic(fmt.Sprint("child: ", err)) // ends with a status that is not 0
		}
		return
	}
	if len(os.Args) >= 2 && beHostile(os.Args[1], os.Args[2:]) {
		return
	}
	m.Run()
}
