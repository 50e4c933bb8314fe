// The memory copy and set instructions of Armv8.8. x0, x1 = buffers, x2 = size, x3 = byte.
	mov	x5, x0
	mov	x6, x2
	setp	[x5]!, x6!, x3
	setm	[x5]!, x6!, x3
	sete	[x5]!, x6!, x3
	mov	x5, x1
	mov	x6, x0
	mov	x7, x2
	cpyfp	[x5]!, [x6]!, x7!
	cpyfm	[x5]!, [x6]!, x7!
	cpyfe	[x5]!, [x6]!, x7!
	nop
