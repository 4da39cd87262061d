package nn

// block is eight pixels times eight channels of a convolution: dst[i] =
// bias + Σ src[i][k] · filter[k], each of the sums from front to back.
type block struct {
	dst, src, filter, bias      []float32
	depth, srcStride, dstStride int
	relu                        bool
}

// multiplyGo is the kernel that every other has to equal to the last bit.
func (b *block) multiplyGo() {
	filter, bias := b.filter[:b.depth*lanes], b.bias[:lanes]
	for i := range lanes {
		s0, s1, s2, s3, s4, s5, s6, s7 := bias[0], bias[1], bias[2], bias[3], bias[4], bias[5], bias[6], bias[7]
		w := filter
		for _, v := range b.src[i*b.srcStride:][:b.depth] {
			f := (*[lanes]float32)(w)
			s0 += float32(v * f[0])
			s1 += float32(v * f[1])
			s2 += float32(v * f[2])
			s3 += float32(v * f[3])
			s4 += float32(v * f[4])
			s5 += float32(v * f[5])
			s6 += float32(v * f[6])
			s7 += float32(v * f[7])
			w = w[lanes:]
		}
		out := (*[lanes]float32)(b.dst[i*b.dstStride:])
		*out = [lanes]float32{s0, s1, s2, s3, s4, s5, s6, s7}
		if b.relu {
			rectify(out[:])
		}
	}
}

// strip is eight channels of a run of pixels of a depthwise convolution by
// 3 × 3. The pixels of a, b and c, the three rows above one another, lie stride
// floats apart, and step is how far the window moves.
type strip struct {
	dst, a, b, c, filter, bias []float32
	stride, step, pixels       int
}

// slideGo is the kernel that every other has to equal to the last bit.
func (s *strip) slideGo() {
	f, bias := (*[9 * lanes]float32)(s.filter), (*[lanes]float32)(s.bias)
	for p := range s.pixels {
		at := p * s.step
		out := (*[lanes]float32)(s.dst[p*s.stride:])
		*out = *bias
		for k, row := range [3][]float32{s.a, s.b, s.c} {
			for x := range 3 {
				v := (*[lanes]float32)(row[at+x*s.stride:])
				w := (*[lanes]float32)(f[(3*k+x)*lanes:])
				for i := range lanes {
					out[i] += float32(v[i] * w[i])
				}
			}
		}
	}
}

// sumGo adds two tensors of whole groups.
func sumGo(dst, a, b []float32, relu bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
	if relu {
		rectify(dst)
	}
}

// raiseGo lifts each float of best to that of v.
func raiseGo(best, v []float32) {
	v = v[:len(best)]
	for i, x := range v {
		if x > best[i] {
			best[i] = x
		}
	}
}
