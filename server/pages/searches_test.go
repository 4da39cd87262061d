package pages_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestWhatIsLookedForIsInNoAddress(t *testing.T) {
	h, door := open(t)
	w := send(t, entry{h, door}, "paula", "/library", "q", "leg", "keyword", hostile)
	leads(t, w, "/library?")
	address := w.Header().Get("Location")
	if !regexp.MustCompile(`[?&]s=[A-Z2-7]{26}$`).MatchString(address) || strings.Contains(address, "leg") {
		t.Fatalf("it leads to %q", address)
	}
	for range 2 { // as often as somebody goes back
		page := h.Ask(door, "paula", "GET", address)
		if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `value="leg"`) {
			t.Fatalf("%d: what was typed is not there", page.Code)
		}
		for _, link := range regexp.MustCompile(`(?:href|action)="(/library[^"]*)"`).FindAllStringSubmatch(page.Body.String(), -1) {
			to := html.UnescapeString(link[1])
			if strings.Contains(to, "q=") || strings.Contains(to, "leg") {
				t.Errorf("a link says what was typed: %q", to)
			}
			if strings.Contains(to, "?") && !strings.Contains(to, "s=") {
				t.Errorf("a link forgets what was typed: %q", to)
			}
		}
	}
	for _, who := range []string{"clara", "oscar"} {
		if page := h.Ask(door, who, "GET", address); page.Code != http.StatusNotFound || strings.Contains(page.Body.String(), `value="leg"`) {
			t.Errorf("%s reads what paula typed: %d", who, page.Code)
		}
	}
	if w := send(t, entry{h, door}, "paula", "/library", "q", strings.Repeat("x", 513)); w.Code != http.StatusBadRequest {
		t.Errorf("as much as one likes: %d", w.Code)
	}
}

// Every form that sends what somebody types does so in the body.
func TestNoFormPutsWordsIntoAnAddress(t *testing.T) {
	h, door := open(t)
	fields := regexp.MustCompile(`(?s)<form[^>]*method="get".*?</form>`)
	typed := regexp.MustCompile(`<(?:input type="(?:text|search)"|textarea)[^>]*name="([a-z]+)"|<input class="wide" type="search"`)
	for _, who := range []string{"paula", "clara", "edith", "greta", "adam"} {
		for _, path := range append(everyPage(), "/governance", "/governance/saw", "/governance/explain", "/governance/reached", "/glass", "/tasks") {
			for _, f := range fields.FindAllString(h.Ask(door, who, "GET", path).Body.String(), -1) {
				for _, name := range typed.FindAllStringSubmatch(f, -1) {
					if name[1] != "picture" { // a picture's reference names no patient
						t.Errorf("%s %s: a form sends %q in the address", who, path, name[1])
					}
				}
			}
		}
	}
}
