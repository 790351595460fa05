// SPDX-License-Identifier: GPL-2.0-or-later

// A hook as the netns tool is one: the state on stdin, a thread that enters the network namespace of
// the state's pid, netlink and an ioctl in there. Standard library alone.
//
//	netns-hook BRIDGE    makes a bridge in the container's namespace, prints the interfaces before
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

const (
	cloneNewnet = 0x40000000
	siocBraddbr = 0x89a0
)

var sysSetns = map[string]uintptr{"amd64": 308, "arm64": 268}[runtime.GOARCH]

func enter(pid int) error {
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer ns.Close()
	if _, _, errno := syscall.RawSyscall(sysSetns, ns.Fd(), cloneNewnet, 0); errno != 0 {
		return fmt.Errorf("setns: %w", errno)
	}
	return nil
}

func interfaces() ([]string, error) {
	var names []string
	data, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	msgs, err := syscall.ParseNetlinkMessage(data)
	if err != nil {
		return nil, err
	}
	for i := range msgs {
		if msgs[i].Header.Type != syscall.RTM_NEWLINK {
			continue
		}
		attrs, err := syscall.ParseNetlinkRouteAttr(&msgs[i])
		if err != nil {
			return nil, err
		}
		for _, attr := range attrs {
			if attr.Attr.Type == syscall.IFLA_IFNAME {
				names = append(names, strings.TrimRight(string(attr.Value), "\x00"))
			}
		}
	}
	return names, nil
}

func addBridge(name string) error {
	var text [16]byte
	copy(text[:15], name)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), siocBraddbr,
		uintptr(unsafe.Pointer(&text))); errno != 0 {
		return fmt.Errorf("bridge %s: %w", name, errno)
	}
	return nil
}

func run() error {
	var state struct {
		Pid int `json:"pid"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&state); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	runtime.LockOSThread()
	if err := enter(state.Pid); err != nil {
		return err
	}
	names, err := interfaces()
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(names, " "))
	return addBridge(os.Args[1])
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "netns-hook:", err)
		os.Exit(1)
	}
}
