package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// answerMax is more than any witness has to say.
const answerMax = 64 << 10

// requestTime bounds one request to a witness.
const requestTime = 10 * time.Second

// Client sends a log's checkpoints to one witness. It is for one log.
type Client struct {
	url  string
	key  string
	http *http.Client

	mu   sync.Mutex
	size int64 // what the witness cosigned last, as far as we know
}

// NewClient returns the client for the witness at a submission prefix, such as
// https://witness.example.org, whose public key is key. over is the HTTP client
// to use; nil: one of its own.
func NewClient(prefix, key string, over *http.Client) (*Client, error) {
	if err := ledger.CheckWitnessKey(key); err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "witness: %w", err)
	}
	if !strings.HasPrefix(prefix, "https://") && !strings.HasPrefix(prefix, "http://") {
		return nil, clinical.Errorf(clinical.Invalid, "witness: %q is no address", prefix)
	}
	if over == nil {
		over = &http.Client{Timeout: requestTime}
	}
	return &Client{url: strings.TrimSuffix(prefix, "/") + "/add-checkpoint", key: key, http: over}, nil
}

// Name says which witness it is.
func (c *Client) Name() string { return "witness " + c.url }

// Publish has the witness cosign a checkpoint and returns the signature line. A
// witness that has seen another history of this log, or a longer one, is Corrupt
// with reason "split-view".
func (c *Client) Publish(ctx context.Context, p ledger.Publication) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 2 {
		if c.size > p.Size {
			return nil, split(fmt.Sprintf("it cosigned %d entries, there are %d", c.size, p.Size))
		}
		proof, err := p.Prove(c.size)
		if err != nil {
			return nil, err
		}
		status, body, err := c.post(ctx, ledger.Submission{Old: c.size, Proof: proof, Checkpoint: p.Text}.Encode())
		if err != nil {
			return nil, err
		}
		if status != http.StatusConflict {
			return c.answer(p, status, body)
		}
		size, err := strconv.ParseInt(strings.TrimSuffix(string(body), "\n"), 10, 64)
		if err != nil || size < 0 {
			return nil, clinical.Errorf(clinical.Unavailable, "witness: conflict without a size")
		}
		if size == c.size {
			return nil, split(fmt.Sprintf("it cosigned another history of %d entries", size))
		}
		c.size = size // it knows better: once more from there
	}
	return nil, clinical.Errorf(clinical.Unavailable, "witness: it changes its mind about what it cosigned last")
}

// answer reads what a witness says that is no conflict.
func (c *Client) answer(p ledger.Publication, status int, body []byte) ([]byte, error) {
	switch status {
	case http.StatusOK:
	case http.StatusUnprocessableEntity:
		return nil, split("the checkpoint does not extend what it cosigned last")
	default:
		return nil, clinical.Errorf(clinical.Unavailable, "witness: answers with status %d", status)
	}
	for line := range bytes.Lines(body) {
		if _, err := ledger.CheckCosignature(append(bytes.Clone(p.Text), line...), c.key); err == nil {
			c.size = p.Size
			return bytes.Clone(line), nil
		}
	}
	return nil, clinical.Errorf(clinical.Corrupt, "witness: its answer is not signed by its key")
}

func split(what string) error {
	return &clinical.Error{
		Kind: clinical.Corrupt, Reason: "split-view", Err: fmt.Errorf("witness: %s", what),
		Public: "The witness has seen another history of this ledger. Keep everything as it is, and find out which of the two is the true one.",
	}
}

func (c *Client) post(ctx context.Context, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, clinical.Errorf(clinical.Invalid, "witness: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, clinical.Errorf(clinical.Unavailable, "witness: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerMax))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return 0, nil, clinical.Errorf(clinical.Unavailable, "witness: %w", err)
	}
	return res.StatusCode, answer, nil
}
