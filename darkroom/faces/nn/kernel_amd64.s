#include "go_asm.h"
#include "textflag.h"

// Every kernel computes eight sums side by side, each in the order of kernel.go,
// and rounds after the multiplication as after the addition: no VFMADD. VMAXPS
// with zero as its second source makes NaN and -0 zero, as rectify does.

// func multiplyAVX(b *block)
//
// Y0 to Y7 are the sums of eight pixels. SI walks along the first four, R11
// along the others, BX along the filter.
TEXT ·multiplyAVX(SB), NOSPLIT, $0-8
	MOVQ b+0(FP), AX
	MOVQ block_dst(AX), DI
	MOVQ block_src(AX), SI
	MOVQ block_filter(AX), BX
	MOVQ block_bias(AX), DX
	MOVQ block_depth(AX), CX
	MOVQ block_srcStride(AX), R8
	MOVQ block_dstStride(AX), R9
	SHLQ $2, R8
	SHLQ $2, R9
	LEAQ (R8)(R8*2), R10
	LEAQ (SI)(R8*4), R11
	VMOVUPS (DX), Y0
	VMOVAPS Y0, Y1
	VMOVAPS Y0, Y2
	VMOVAPS Y0, Y3
	VMOVAPS Y0, Y4
	VMOVAPS Y0, Y5
	VMOVAPS Y0, Y6
	VMOVAPS Y0, Y7

along:
	VMOVUPS      (BX), Y8
	VBROADCASTSS (SI), Y9
	VBROADCASTSS (SI)(R8*1), Y10
	VBROADCASTSS (SI)(R8*2), Y11
	VBROADCASTSS (SI)(R10*1), Y12
	VMULPS       Y8, Y9, Y9
	VMULPS       Y8, Y10, Y10
	VMULPS       Y8, Y11, Y11
	VMULPS       Y8, Y12, Y12
	VADDPS       Y9, Y0, Y0
	VADDPS       Y10, Y1, Y1
	VADDPS       Y11, Y2, Y2
	VADDPS       Y12, Y3, Y3
	VBROADCASTSS (R11), Y9
	VBROADCASTSS (R11)(R8*1), Y10
	VBROADCASTSS (R11)(R8*2), Y11
	VBROADCASTSS (R11)(R10*1), Y12
	VMULPS       Y8, Y9, Y9
	VMULPS       Y8, Y10, Y10
	VMULPS       Y8, Y11, Y11
	VMULPS       Y8, Y12, Y12
	VADDPS       Y9, Y4, Y4
	VADDPS       Y10, Y5, Y5
	VADDPS       Y11, Y6, Y6
	VADDPS       Y12, Y7, Y7
	ADDQ         $4, SI
	ADDQ         $4, R11
	ADDQ         $32, BX
	DECQ         CX
	JNZ          along

	MOVBLZX block_relu(AX), AX
	TESTL   AX, AX
	JZ      store
	VXORPS  Y15, Y15, Y15
	VMAXPS  Y15, Y0, Y0
	VMAXPS  Y15, Y1, Y1
	VMAXPS  Y15, Y2, Y2
	VMAXPS  Y15, Y3, Y3
	VMAXPS  Y15, Y4, Y4
	VMAXPS  Y15, Y5, Y5
	VMAXPS  Y15, Y6, Y6
	VMAXPS  Y15, Y7, Y7

store:
	LEAQ    (R9)(R9*2), R10
	LEAQ    (DI)(R9*4), R11
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (DI)(R9*1)
	VMOVUPS Y2, (DI)(R9*2)
	VMOVUPS Y3, (DI)(R10*1)
	VMOVUPS Y4, (R11)
	VMOVUPS Y5, (R11)(R9*1)
	VMOVUPS Y6, (R11)(R9*2)
	VMOVUPS Y7, (R11)(R10*1)
	VZEROUPPER
	RET

// func slideAVX(s *strip)
//
// Y0 to Y8 are the filter, Y9 the bias, Y10 the sum. AX, BX and DX walk along the
// three rows.
TEXT ·slideAVX(SB), NOSPLIT, $0-8
	MOVQ    s+0(FP), R11
	MOVQ    strip_dst(R11), DI
	MOVQ    strip_a(R11), AX
	MOVQ    strip_b(R11), BX
	MOVQ    strip_c(R11), DX
	MOVQ    strip_filter(R11), SI
	MOVQ    strip_bias(R11), R8
	MOVQ    strip_stride(R11), R9
	MOVQ    strip_step(R11), R10
	MOVQ    strip_pixels(R11), CX
	SHLQ    $2, R9
	SHLQ    $2, R10
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VMOVUPS 128(SI), Y4
	VMOVUPS 160(SI), Y5
	VMOVUPS 192(SI), Y6
	VMOVUPS 224(SI), Y7
	VMOVUPS 256(SI), Y8
	VMOVUPS (R8), Y9

pixel:
	VMULPS  (AX), Y0, Y10
	VADDPS  Y10, Y9, Y10
	VMULPS  (AX)(R9*1), Y1, Y11
	VADDPS  Y11, Y10, Y10
	VMULPS  (AX)(R9*2), Y2, Y12
	VADDPS  Y12, Y10, Y10
	VMULPS  (BX), Y3, Y13
	VADDPS  Y13, Y10, Y10
	VMULPS  (BX)(R9*1), Y4, Y14
	VADDPS  Y14, Y10, Y10
	VMULPS  (BX)(R9*2), Y5, Y11
	VADDPS  Y11, Y10, Y10
	VMULPS  (DX), Y6, Y12
	VADDPS  Y12, Y10, Y10
	VMULPS  (DX)(R9*1), Y7, Y13
	VADDPS  Y13, Y10, Y10
	VMULPS  (DX)(R9*2), Y8, Y14
	VADDPS  Y14, Y10, Y10
	VMOVUPS Y10, (DI)
	ADDQ    R10, AX
	ADDQ    R10, BX
	ADDQ    R10, DX
	ADDQ    R9, DI
	DECQ    CX
	JNZ     pixel
	VZEROUPPER
	RET

// func sumAVX(dst, a, b *float32, groups int, relu bool)
TEXT ·sumAVX(SB), NOSPLIT, $0-33
	MOVQ    dst+0(FP), DI
	MOVQ    a+8(FP), AX
	MOVQ    b+16(FP), BX
	MOVQ    groups+24(FP), CX
	MOVBLZX relu+32(FP), DX
	VXORPS  Y15, Y15, Y15
	TESTL   DX, DX
	JZ      plain

rectified:
	VMOVUPS (AX), Y0
	VADDPS  (BX), Y0, Y0
	VMAXPS  Y15, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, AX
	ADDQ    $32, BX
	ADDQ    $32, DI
	DECQ    CX
	JNZ     rectified
	VZEROUPPER
	RET

plain:
	VMOVUPS (AX), Y0
	VADDPS  (BX), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, AX
	ADDQ    $32, BX
	ADDQ    $32, DI
	DECQ    CX
	JNZ     plain
	VZEROUPPER
	RET

// func raiseAVX(best, v *float32, groups int)
TEXT ·raiseAVX(SB), NOSPLIT, $0-24
	MOVQ best+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ groups+16(FP), CX

group:
	VMOVUPS (SI), Y0
	VMAXPS  (DI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    CX
	JNZ     group
	VZEROUPPER
	RET
