// The echo server in Go, one goroutine a client. With -buffered messages are
// read and written through bufio, and what was written leaves when no whole
// message is left to read.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
)

const inputLenMax = 16 * 1024

var (
	messageLen = flag.Int("message", 0, "bytes of a message; 0: an echo")
	path       = flag.String("unix", "", "a Unix socket instead of TCP")
	buffered   = flag.Bool("buffered", false, "read and write by bufio")
)

func echo(conn net.Conn) error {
	input := make([]byte, inputLenMax)
	for {
		got, err := conn.Read(input)
		if err != nil {
			return err
		}
		if _, err := conn.Write(input[:got]); err != nil {
			return err
		}
	}
}

func answerMessages(conn net.Conn) error {
	message := make([]byte, *messageLen)
	for {
		if _, err := io.ReadFull(conn, message); err != nil {
			return err
		}
		if _, err := conn.Write(message); err != nil {
			return err
		}
	}
}

func answerBuffered(conn net.Conn) error {
	message := make([]byte, *messageLen)
	reader := bufio.NewReader(conn)
	writer := bufio.NewWriter(conn)
	for {
		if _, err := io.ReadFull(reader, message); err != nil {
			return err
		}
		if _, err := writer.Write(message); err != nil {
			return err
		}
		if reader.Buffered() >= len(message) {
			continue
		}
		if err := writer.Flush(); err != nil {
			return err
		}
	}
}

func listen() net.Listener {
	network, address := "tcp", "127.0.0.1:0"
	if *path != "" {
		network, address = "unix", *path
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		log.Fatal(err)
	}
	port := 0
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok {
		port = tcp.Port
	}
	fmt.Println(port)
	return listener
}

func main() {
	flag.Parse()
	serve := echo
	if *messageLen > 0 {
		serve = answerMessages
		if *buffered {
			serve = answerBuffered
		}
	}
	listener := listen()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer conn.Close()
			serve(conn) // it ends with the connection, however that is
		}()
	}
}
