package main

import ("fmt";"os";"strings";"stacksweep/internal/kernels")

func main(){
	for _, a := range os.Args[1:] { v, f, _ := strings.Cut(a, "=")
		n := "7.3-sframe-gcc12"; if v!="" { n += "-"+v }
		k, err := kernels.Install(kernels.Kernel{Series:n, Release:"7.3.4"+n[3:], Package:"linux-source-7.3", Version:"7.3.4-1", Built:&kernels.Built{Compiler:"aarch64-linux-gnu-gcc-12 12.2.0", Variant:v, Key:"hand"}}, f, "/tmp/sframe-kernel/gcc12/.config")
		fmt.Println(k.Series, err)
	}
}
