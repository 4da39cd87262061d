package darkroom_test

import (
	"fmt"
	"os"
	"testing"

	"fovea/darkroom"
)

// childArg makes this test's own program an editing child.
const childArg = "edit-as-a-child"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArg {
		if err := darkroom.Child(os.Stdin, os.Stdout); err != nil {
			panic(fmt.Sprint("child: ", err)) // ends with a status that is not 0
		}
		return
	}
	m.Run()
}
