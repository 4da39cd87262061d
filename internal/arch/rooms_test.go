package arch_test

// rooms is the map: every package of the tree, and the packages of the tree that its code may import.
// Names are folders, separated by spaces. A package that is not here fails the test.
func rooms() map[string]string {
	return map[string]string{
		// The vocabulary. Everybody speaks it; it knows nobody.
		"clinical":              "",
		"clinical/clinicaltest": "clinical",

		// The path of a photo. Siblings never import one another.
		"ingest":               "clinical ingest/exif ingest/label",
		"ingest/exif":          "clinical internal/sandbox",
		"ingest/label":         "clinical internal/barcode",
		"vault":                "clinical vault/ledger",
		"vault/ledger":         "",
		"vault/badgerstore":    "clinical vault",
		"vault/memstore":       "clinical vault",
		"vault/witness":        "clinical vault/ledger",
		"vault/vaulttest":      "clinical vault vault/ledger clinical/clinicaltest",
		"index":                "clinical",
		"policy":               "clinical",
		"darkroom":             "clinical darkroom/coarse darkroom/faces darkroom/gauge darkroom/watermark internal/sandbox",
		"darkroom/align":       "clinical darkroom/plane",
		"darkroom/chart":       "clinical",
		"darkroom/coarse":      "",
		"darkroom/plane":       "",
		"darkroom/gauge":       "darkroom/plane",
		"darkroom/watermark":   "clinical darkroom/plane",
		"darkroom/faces":       "clinical darkroom/faces/nn",
		"darkroom/faces/nn":    "",
		"darkroom/identifiers": "clinical internal/barcode internal/sandbox",
		"measure":              "clinical",
		"measure/phantom":      "clinical measure",

		// The doors. They cannot name vault or index: every byte and every hit comes through the gate.
		"server":        "clinical policy server/api server/guard server/login server/pages server/webdav server/wire",
		"server/api":    "clinical internal/sheet policy server/guard server/login server/wire",
		"server/guard":  "",
		"server/login":  "clinical policy server/guard server/wire",
		"server/pages":  "clinical internal/sheet policy server/guard server/login server/wire",
		"server/webdav": "clinical policy server/login server/wire",
		"server/wire":   "clinical",
		"ui":            "",
		"desktop":       "clinical desktop/app desktop/cards desktop/sync",
		"desktop/app":   "clinical desktop/cards desktop/sync server/wire",
		"desktop/cards": "clinical",
		"desktop/sync":  "clinical server/wire vault",

		// What leaves for other systems and for paper. Given what the gate let out; it asks nobody for more.
		"exchange":       "",
		"exchange/epr":   "clinical exchange/paper",
		"exchange/fhir":  "clinical",
		"exchange/pack":  "clinical exchange/paper internal/sandbox",
		"exchange/paper": "clinical",

		// The programs, which join them. Nobody imports a program.
		"cmd/fovea":       everything + leaving + " internal/demo internal/sandbox internal/sheet ui",
		"internal/accept": "clinical internal/demo vault/ledger",

		// What serves more than one room.
		"internal/arch":    "",
		"internal/barcode": "clinical",
		"internal/demo":    "clinical ingest/label internal/sheet",
		"internal/mounts":  "",
		"internal/peers":   "",
		"internal/sandbox": "",
		"internal/sheet":   "clinical",
		"internal/testenv": everything + " clinical/clinicaltest internal/demo internal/sheet vault/memstore",
	}
}

// everything is the whole path of a photo, in its order.
const everything = "clinical ingest ingest/exif ingest/label vault vault/ledger vault/badgerstore vault/witness index darkroom darkroom/align darkroom/chart darkroom/faces darkroom/identifiers darkroom/identifiers darkroom/plane darkroom/watermark measure" +
	" policy server server/guard server/login server/webdav server/api server/pages server/wire"

// leaving is what other systems and paper get.
const leaving = " exchange/epr exchange/fhir exchange/pack exchange/paper"

// guests is what the tests of every room may import besides the room itself and what its code may.
const guests = "clinical clinical/clinicaltest internal/testenv"

// visits adds, for the tests of some rooms, what nobody else's need: a driver under the suite that proves it.
func visits() map[string]string {
	return map[string]string{
		"vault":             "vault/badgerstore vault/ledger vault/memstore vault/vaulttest vault/witness",
		"vault/badgerstore": "vault/ledger vault/vaulttest",
		"vault/memstore":    "vault/ledger vault/vaulttest",
		"vault/vaulttest":   "vault/badgerstore vault/memstore",
		"ingest":            "internal/demo vault vault/memstore",
		"ingest/label":      "internal/demo",
		"darkroom":          "internal/demo vault vault/memstore",
		"exchange/paper":    "ingest/label vault/ledger",
		"index":             "vault vault/memstore",
		"policy":            "vault vault/memstore",
		"internal/mounts":   everything + " internal/demo",
		"internal/peers":    everything,
	}
}

// programs are the packages called main. There are no others.
func programs() string { return "cmd/fovea desktop internal/accept" }

// owners names, for every library, the packages whose code may import it; a star stands for every room except
// clinical. A library that is not here fails the test: it needs an owner and a note in docs/decisions.
func owners() map[string]string {
	return map[string]string{
		"codeberg.org/go-pdf/fpdf":                  "exchange/paper internal/sheet",
		"filippo.io/age":                            "vault cmd/fovea",
		"github.com/alecthomas/kong":                "cmd/fovea",
		"github.com/alexedwards/scs/v2":             "server server/login",
		"github.com/barasher/go-exiftool":           "ingest/exif",
		"github.com/bep/imagemeta":                  "ingest ingest/exif darkroom",
		"github.com/blevesearch/bleve/v2":           "index",
		"github.com/blevesearch/bleve_index_api":    "index",
		"github.com/blevesearch/scorch_segment_api": "index",
		"github.com/blevesearch/zapx":               "index",
		"github.com/RoaringBitmap/roaring":          "index policy",
		"github.com/boombuler/barcode":              "exchange/paper internal/demo internal/sheet",
		"github.com/coreos/go-oidc/v3":              "server/login",
		"github.com/danielgtaylor/huma/v2":          "server/api",
		"github.com/dgraph-io/badger/v4":            "vault/badgerstore",
		"github.com/fsnotify/fsnotify":              "ingest",
		"github.com/go-webauthn/webauthn":           "server/login",
		"github.com/knadh/koanf":                    "cmd/fovea",
		"github.com/makiuchi-d/gozxing":             "internal/barcode",
		"github.com/minio/sio":                      "vault",
		"github.com/pquerna/otp":                    "server/login",
		"github.com/prometheus/client_golang":       "cmd/fovea server",
		"github.com/schollz/progressbar/v3":         "cmd/fovea",
		"go.yaml.in/yaml/v3":                        "cmd/fovea",
		"github.com/tink-crypto/tink-go/v2":         "vault",
		"github.com/wailsapp/wails/v2":              "desktop desktop/app",
		"github.com/zeebo/blake3":                   "vault",
		"golang.org/x/crypto":                       "vault server/login cmd/fovea",
		"golang.org/x/image":                        "darkroom darkroom/identifiers darkroom/watermark exchange/paper ingest/label internal/barcode internal/demo internal/sheet measure",
		"golang.org/x/mod":                          "vault/ledger cmd/fovea",
		"golang.org/x/net/webdav":                   "server/webdav internal/peers",
		"golang.org/x/oauth2":                       "server/login",
		"golang.org/x/sync":                         "*",
		"golang.org/x/sys":                          "cmd/fovea darkroom/faces/nn ingest ingest/exif internal/sandbox vault vault/badgerstore",
		"golang.org/x/term":                         "cmd/fovea",
		"golang.org/x/text":                         "exchange/paper index ingest policy server/pages server/webdav",
		"golang.org/x/time":                         "server server/api server/login server/webdav",
		"github.com/google/go-cmp":                  "clinical/clinicaltest vault/vaulttest",
		"pgregory.net/rapid":                        "clinical/clinicaltest vault/vaulttest",
	}
}

// testLibraries may be imported by the tests of any room.
const testLibraries = "github.com/esimov/pigo github.com/google/go-cmp github.com/makiuchi-d/gozxing github.com/rogpeppe/go-internal pgregory.net/rapid golang.org/x/tools/txtar" +
	" golang.org/x/sync"
