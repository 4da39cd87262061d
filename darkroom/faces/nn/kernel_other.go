//go:build !amd64

package nn

func (b *block) multiply() { b.multiplyGo() }

func (s *strip) slide() { s.slideGo() }

func sum(dst, a, b []float32, relu bool) { sumGo(dst, a, b, relu) }

func raise(best, v []float32) { raiseGo(best, v) }
