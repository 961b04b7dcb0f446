// Writes test vectors for Merkle trees and signed notes, made by golang.org/x/mod v0.43.0.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type store []tlog.Hash

func (s store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = s[index]
	}
	return out, nil
}

func hexes(p []tlog.Hash) []string {
	out := []string{}
	for _, h := range p {
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

type inclusion struct {
	Index, Size int64
	Proof       []string
}
type consistency struct {
	Old, Size int64
	Proof     []string
}
type tile struct {
	Level, Index, Width int
	Path                string
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var s store
	out := map[string]any{"source": "golang.org/x/mod v0.43.0 sumdb/tlog and sumdb/note; record i is the text `record <i>`"}
	const n = 300
	var roots []string
	for i := int64(0); i < n; i++ {
		hashes, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("record %d", i)), s)
		check(err)
		s = append(s, hashes...)
		root, err := tlog.TreeHash(i+1, s)
		check(err)
		roots = append(roots, hex.EncodeToString(root[:]))
	}
	out["roots"] = roots
	var incs []inclusion
	var cons []consistency
	for _, size := range []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 255, 256, 257, 300} {
		for _, i := range []int64{0, 1, 2, 3, 5, 7, 8, 12, 15, 16, 100, 200, 254, 255, 256, 299} {
			if i < size {
				p, err := tlog.ProveRecord(size, i, s)
				check(err)
				incs = append(incs, inclusion{i, size, hexes(p)})
			}
			if i >= 1 && i <= size {
				p, err := tlog.ProveTree(size, i, s)
				check(err)
				cons = append(cons, consistency{i, size, hexes(p)})
			}
		}
	}
	out["inclusion"] = incs
	out["consistency"] = cons
	var tiles []tile
	for _, size := range []int64{1, 255, 256, 257, 300, 70000} {
		for _, t := range tlog.NewTiles(8, 0, size) {
			if t.L >= 0 && (size < 70000 || t.N > 250) {
				tiles = append(tiles, tile{t.L, int(t.N), t.W, t.Path()})
			}
		}
	}
	tiles = append(tiles, tile{2, 1234067, 256, (tlog.Tile{H: 8, L: 2, N: 1234067, W: 256}).Path()}, tile{0, 999, 3, (tlog.Tile{H: 8, L: 0, N: 999, W: 3}).Path()})
	out["tiles"] = tiles
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i)
	}
	key := ed25519.NewKeyFromSeed(seed)
	pub := key.Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey("holdfast.example/log", pub)
	check(err)
	var hash string
	fmt.Sscanf(vkey, "holdfast.example/log+%8s", &hash)
	skey := "PRIVATE+KEY+holdfast.example/log+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))
	signer, err := note.NewSigner(skey)
	check(err)
	root, _ := hex.DecodeString(roots[n-1])
	text := fmt.Sprintf("holdfast.example/log\n%d\n%s\n", n, base64.StdEncoding.EncodeToString(root))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	out["note"] = map[string]string{"seed": hex.EncodeToString(seed), "publicKey": hex.EncodeToString(pub), "verifierKey": vkey, "text": text, "signed": string(signed)}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	check(enc.Encode(out))
}
