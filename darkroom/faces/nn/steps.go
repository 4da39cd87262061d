package nn

// buffer returns the floats behind a number of the plan.
func (r *Run) buffer(n int) []float32 {
	if n < 0 {
		return r.input
	}
	return r.buffers[n]
}

// runConv multiplies eight pixels at a time with blocks of eight channels. The
// last group of pixels may reach behind the picture, into the filling of the
// buffers.
func runConv(r *Run, s *step) {
	src, dst := r.buffer(s.from[0]), r.buffers[s.to]
	pixels := s.out.H * s.out.W
	depth := s.window.kh * s.window.kw * s.inStride
	b := block{depth: depth, srcStride: depth, dstStride: s.outStride, relu: s.relu}
	for p := 0; p < pixels; p += lanes {
		b.src = r.scratch
		if s.direct {
			b.src = src[p*depth:]
		} else {
			for i := range min(lanes, pixels-p) {
				s.column(r.scratch[i*depth:(i+1)*depth], src, (p+i)/s.out.W, (p+i)%s.out.W)
			}
		}
		for c := 0; c < s.outStride; c += lanes {
			b.dst = dst[p*s.outStride+c:]
			b.filter = s.filter[c*depth:]
			b.bias = s.bias[c:]
			b.multiply()
		}
	}
}

// column gathers what the window sees when it stands for row y, column x of the
// result, row by row. What lies outside the picture is zero.
func (s *step) column(dst, src []float32, y, x int) {
	w := &s.window
	line := w.kw * s.inStride
	left := x*w.strideW - w.left
	from, to := max(left, 0), min(left+w.kw, s.in.W)
	for ky := range w.kh {
		row := dst[ky*line : (ky+1)*line]
		sy := y*w.strideH - w.top + ky
		if sy < 0 || sy >= s.in.H || from >= to {
			clear(row)
			continue
		}
		a, b := (from-left)*s.inStride, (to-left)*s.inStride
		clear(row[:a])
		copy(row[a:b], src[(sy*s.in.W+from)*s.inStride:])
		clear(row[b:])
	}
}

// runDepthwise computes row by row: the pixels whose window lies inside by one
// walk of the kernel, the few at either end from a copy with zeros around it.
func runDepthwise(r *Run, s *step) {
	src, dst := r.buffer(s.from[0]), r.buffers[s.to]
	w := &s.window
	first := min((w.left+w.strideW-1)/w.strideW, s.out.W)
	last := first
	if room := s.in.W - w.kw + w.left; room >= 0 {
		last = max(first, min(room/w.strideW+1, s.out.W))
	}
	line := w.kw * s.inStride
	for y := range s.out.H {
		row := dst[y*s.out.W*s.outStride : (y+1)*s.out.W*s.outStride]
		for x := range s.out.W {
			if x >= first && x < last {
				continue
			}
			s.column(r.scratch, src, y, x)
			s.slide([3][]float32{r.scratch, r.scratch[line:], r.scratch[2*line:]}, row[x*s.outStride:], 1)
		}
		if last > first {
			s.slide(s.above(r, src, y, first*w.strideW-w.left), row[first*s.outStride:], last-first)
		}
		if s.relu {
			rectify(row)
		}
	}
}

// above returns the three rows that the window sees for row y of the result,
// from column x. Rows outside the picture are zeros.
func (s *step) above(r *Run, src []float32, y, x int) [3][]float32 {
	var rows [3][]float32
	for k := range rows {
		rows[k] = r.zeros
		if sy := y*s.window.strideH - s.window.top + k; sy >= 0 && sy < s.in.H {
			rows[k] = src[sy*s.in.W*s.inStride : (sy+1)*s.in.W*s.inStride]
		}
		rows[k] = rows[k][x*s.inStride:]
	}
	return rows
}

// slide hands so many pixels to the kernel, eight channels at a time.
func (s *step) slide(rows [3][]float32, dst []float32, pixels int) {
	b := strip{stride: s.inStride, step: s.window.strideW * s.inStride, pixels: pixels}
	for c := 0; c < s.inStride; c += lanes {
		b.a, b.b, b.c = rows[0][c:], rows[1][c:], rows[2][c:]
		b.dst, b.filter, b.bias = dst[c:], s.filter[c*9:], s.bias[c:]
		b.slide()
	}
}

func runAdd(r *Run, s *step) {
	n := s.out.H * s.out.W * s.outStride
	sum(r.buffers[s.to][:n], r.buffer(s.from[0])[:n], r.buffer(s.from[1])[:n], s.relu)
}

func runRelu(r *Run, s *step) {
	n := s.out.H * s.out.W * s.outStride
	copy(r.buffers[s.to][:n], r.buffer(s.from[0])[:n])
	rectify(r.buffers[s.to][:n])
}

// rectify makes what is not above zero zero.
func rectify(v []float32) {
	for i, x := range v {
		if !(x > 0) {
			v[i] = 0
		}
	}
}

func runMaxPool(r *Run, s *step) {
	src, dst := r.buffer(s.from[0]), r.buffers[s.to]
	w := &s.window
	for y := range s.out.H {
		y0, y1 := max(y*w.strideH-w.top, 0), min(y*w.strideH-w.top+w.kh, s.in.H)
		for x := range s.out.W {
			x0, x1 := max(x*w.strideW-w.left, 0), min(x*w.strideW-w.left+w.kw, s.in.W)
			best := dst[(y*s.out.W+x)*s.outStride:][:s.outStride]
			if y0 >= y1 || x0 >= x1 {
				clear(best)
				continue
			}
			copy(best, src[(y0*s.in.W+x0)*s.inStride:])
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					raise(best, src[(sy*s.in.W+sx)*s.inStride:][:s.inStride])
				}
			}
		}
	}
}

func runWiden(r *Run, s *step) {
	src, dst := r.buffer(s.from[0]), r.buffers[s.to]
	for p := range s.out.H * s.out.W {
		n := copy(dst[p*s.outStride:(p+1)*s.outStride], src[p*s.inStride:(p+1)*s.inStride])
		clear(dst[p*s.outStride+n : (p+1)*s.outStride])
	}
}

func runResize(r *Run, s *step) {
	src, dst := r.buffer(s.from[0]), r.buffers[s.to]
	n := s.inStride
	for y, row := range s.rows {
		for x, col := range s.cols {
			aa, ab := src[(row.a*s.in.W+col.a)*n:][:n], src[(row.a*s.in.W+col.b)*n:][:n]
			ba, bb := src[(row.b*s.in.W+col.a)*n:][:n], src[(row.b*s.in.W+col.b)*n:][:n]
			out := dst[(y*s.out.W+x)*n:][:n]
			for c := range out {
				up := aa[c] + float32(col.mix*(ab[c]-aa[c]))
				down := ba[c] + float32(col.mix*(bb[c]-ba[c]))
				out[c] = up + float32(row.mix*(down-up))
			}
		}
	}
}
