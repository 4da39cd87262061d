package nn

import "golang.org/x/sys/cpu"

// The kernels of kernel_amd64.s read and write through bare pointers. The
// methods below are the only ones to call them, after the slices have been
// shown to reach as far as the kernel will.

//go:noescape
func multiplyAVX(b *block)

//go:noescape
func slideAVX(s *strip)

//go:noescape
func sumAVX(dst, a, b *float32, groups int, relu bool)

//go:noescape
func raiseAVX(best, v *float32, groups int)

func (b *block) multiply() {
	if !cpu.X86.HasAVX {
		b.multiplyGo()
		return
	}
	_, _ = b.src[(lanes-1)*b.srcStride+b.depth-1], b.dst[(lanes-1)*b.dstStride+lanes-1]
	_, _ = b.filter[b.depth*lanes-1], b.bias[lanes-1]
	multiplyAVX(b)
}

func (s *strip) slide() {
	if !cpu.X86.HasAVX {
		s.slideGo()
		return
	}
	reach := (s.pixels-1)*s.step + 2*s.stride + lanes - 1
	_, _, _ = s.a[reach], s.b[reach], s.c[reach]
	_, _, _ = s.dst[(s.pixels-1)*s.stride+lanes-1], s.filter[9*lanes-1], s.bias[lanes-1]
	slideAVX(s)
}

func sum(dst, a, b []float32, relu bool) {
	if !cpu.X86.HasAVX || len(dst) < lanes {
		sumGo(dst, a, b, relu)
		return
	}
	_, _ = a[len(dst)-1], b[len(dst)-1]
	sumAVX(&dst[0], &a[0], &b[0], len(dst)/lanes, relu)
}

func raise(best, v []float32) {
	if !cpu.X86.HasAVX || len(best) < lanes {
		raiseGo(best, v)
		return
	}
	_ = v[len(best)-1]
	raiseAVX(&best[0], &v[0], len(best)/lanes)
}
