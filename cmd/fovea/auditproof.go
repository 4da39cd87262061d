package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

type auditConsistentCmd struct {
	Old string   `arg:"" help:"The earlier export." type:"existingfile"`
	New string   `arg:"" help:"The later export." type:"existingfile"`
	Key []string `help:"The ledger's public key as you noted it down. Without it the key inside the earlier export is believed." placeholder:"VKEY"`
}

// Help teaches.
func (auditConsistentCmd) Help() string {
	return "Verifies both exports and that the later one begins with every entry of the earlier: nothing was changed, dropped or begun anew in between.\n\n" +
		"Needs no server and no DATA. Example:\n  fovea audit consistent january.export march.export --key 'fovea+1a2b3c4d+…'"
}

func (x auditConsistentCmd) Run(e *env) error {
	old, err := openExport(x.Old)
	if err != nil {
		return err
	}
	defer func() { _ = old.Close() }()
	now, err := openExport(x.New)
	if err != nil {
		return err
	}
	defer func() { _ = now.Close() }()
	before, after, err := ledger.Extends(old, now, ledger.Trust{Keys: x.Key})
	if err != nil {
		return unverified(err)
	}
	answer := struct{ Earlier, Later ledger.Summary }{before, after}
	return e.answer(answer, func(w io.Writer) {
		put(w, "consistent\tthe %d entries of the earlier export are the first of the %d of the later", before.Size, after.Size)
		put(w, "earlier\t%s to %s, root %s", e.stamp(before.First), e.stamp(before.Last), before.Root)
		put(w, "later\t%s to %s, root %s", e.stamp(after.First), e.stamp(after.Last), after.Root)
		if !before.Pinned {
			put(w, "note\tthe key is the export's own: give --key to know that it is yours")
		}
	})
}

type auditProofCmd struct {
	Seq    uint64 `arg:"" optional:"" help:"Number of the change in the journal, as commands and certificates give it."`
	Recall string `help:"The recall that the change set in motion, in place of its number." placeholder:"ID"`
	Paper  string `help:"A certificate as it was handed out, PDF or JSON, in place of the number: that it was issued, byte for byte." placeholder:"FILE" type:"existingfile"`
	Out    string `short:"o" help:"File to write; by convention it ends in .tlog-proof. Without it the proof is printed." placeholder:"FILE"`
}

// Help teaches.
func (auditProofCmd) Help() string {
	return "Writes a proof (c2sp.org/tlog-proof) that the ledger has an entry for the change, with the entry itself, in pseudonyms, inside.\n" +
		"Give it with the certificate: whoever has the ledger's public key verifies it on any machine, without the server.\n\n" +
		"Examples:\n  fovea audit proof 4711 -o withdrawal.tlog-proof\n  fovea audit proof --recall 01J9Z3… -o withdrawal.tlog-proof\n  fovea audit verify-proof withdrawal.tlog-proof --key 'fovea+1a2b3c4d+…'\n" +
		"  fovea audit proof --paper certificate.pdf -o issued.tlog-proof\n  fovea audit verify-proof issued.tlog-proof --paper certificate.pdf --key 'fovea+1a2b3c4d+…'"
}

func (x auditProofCmd) Run(e *env) error {
	q := url.Values{}
	if x.Seq != 0 {
		q.Set("seq", strconv.FormatUint(x.Seq, 10))
	}
	if x.Recall != "" {
		q.Set("recall", x.Recall)
	}
	if x.Paper != "" {
		sum, err := digestOf(x.Paper)
		if err != nil {
			return err
		}
		q.Set("sha256", sum)
	}
	if len(q) > 1 {
		return clinical.Refuse(clinical.Invalid, "seq", "Say one thing to prove: a change, a recall or a paper.")
	}
	return e.with(func(c *client) error {
		raw, err := e.long(c, "/api/v1/admin/proof?"+q.Encode(), struct{}{}, "proving")
		if err != nil {
			return err
		}
		var p proven
		if err := json.Unmarshal(raw, &p); err != nil {
			return clinical.Errorf(clinical.Internal, "proof: %w", err)
		}
		if x.Out == "" {
			return e.answer(p, func(w io.Writer) { put(w, "%s", strings.TrimSuffix(p.Proof, "\n")) })
		}
		err = e.writeFile(x.Out, func(w io.Writer) error {
			_, err := io.WriteString(w, p.Proof)
			return err
		})
		if err != nil {
			return err
		}
		return e.answer(p, func(w io.Writer) { put(w, "Written: %s\nIt verifies with the key %s", x.Out, p.Key) })
	})
}

// digestOf is the SHA-256 of a file, in hexadecimal.
func digestOf(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", clinical.Refuse(clinical.Invalid, "file", "The file cannot be read. Check its path.")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

type auditVerifyProofCmd struct {
	File string   `arg:"" help:"A proof." type:"existingfile"`
	Key  []string `required:"" help:"The ledger's public key as you noted it down." placeholder:"VKEY"`

	Paper   string   `help:"The certificate that the proof has to be of, byte for byte." placeholder:"FILE" type:"existingfile"`
	Witness []string `help:"Public key of a witness that has to have cosigned it. Repeat." placeholder:"VKEY"`
}

// Help teaches.
func (auditVerifyProofCmd) Help() string {
	return "Checks that the ledger whose key you hold has exactly the entry that the proof brings along, and shows it.\n" +
		"Needs no server and no DATA. Exit code 6: it does not."
}

func (x auditVerifyProofCmd) Run(e *env) error {
	text, err := os.ReadFile(x.File)
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The proof cannot be read. Check its path.")
	}
	leaf, checkpoint, err := ledger.CheckProof(text, x.Key...)
	seen := make([]time.Time, len(x.Witness))
	for i := 0; i < len(seen) && err == nil; i++ {
		seen[i], err = x.cosigned(text, x.Witness[i])
	}
	if err == nil {
		err = x.issued(leaf)
	}
	if err != nil {
		return &clinical.Error{
			Kind: clinical.Corrupt, Reason: "proof-fault", Err: err,
			Public: "The proof does not verify: " + err.Error() + ". Check that the key is the ledger's and that the file is whole.",
		}
	}
	answer := struct {
		Entry      ledger.Leaf
		Checkpoint ledger.Checkpoint
	}{leaf, checkpoint}
	return e.answer(answer, func(w io.Writer) {
		put(w, "proven\tentry %d of %s, which had %d then", leaf.N, checkpoint.Origin, checkpoint.Size)
		put(w, "act\t%s (change %d)", leaf.Act, leaf.Seq)
		put(w, "at\t%s", e.stamp(leaf.Time))
		for _, f := range []struct{ what, name string }{{"by", leaf.By}, {"patient", leaf.Patient}, {"set", leaf.Set}, {"grant", leaf.Grant}, {"sha256", leaf.SHA256}} {
			if f.name != "" {
				put(w, "%s\t%s", f.what, f.name)
			}
		}
		if len(leaf.Assets) > 0 {
			put(w, "pictures\t%d", len(leaf.Assets))
		}
		put(w, "root\t%s", checkpoint.Root)
		for i, at := range seen {
			name, _, _ := strings.Cut(x.Witness[i], "+")
			put(w, "witness\t%s at %s", name, e.stamp(at))
		}
	})
}

// issued reports an error where the entry is not of the paper that is shown.
func (x auditVerifyProofCmd) issued(leaf ledger.Leaf) error {
	if x.Paper == "" {
		return nil
	}
	sum, err := digestOf(x.Paper)
	if err == nil && (leaf.Act != string(clinical.ActPaperIssued) || leaf.SHA256 != sum) {
		err = errors.New("the entry is not of this paper")
	}
	return err
}

// cosigned returns when a witness cosigned the proof's checkpoint.
func (auditVerifyProofCmd) cosigned(text []byte, witness string) (time.Time, error) {
	p, err := ledger.DecodeProof(text)
	if err != nil {
		return time.Time{}, err
	}
	return ledger.CheckCosignature(p.Checkpoint, witness)
}
