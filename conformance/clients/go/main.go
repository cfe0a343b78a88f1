// redigo with FZambia/sentinel: a pool whose Dial asks the sentinels and whose TestOnBorrow checks ROLE, as the
// library's own documentation has it.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/FZambia/sentinel"
	"github.com/gomodule/redigo/redis"
)

const timeout = time.Second

func dial(address string) (redis.Conn, error) {
	return redis.Dial("tcp", address, redis.DialConnectTimeout(timeout),
		redis.DialReadTimeout(timeout), redis.DialWriteTimeout(timeout))
}

func newPool(addresses []string, name string) *redis.Pool {
	watch := &sentinel.Sentinel{Addrs: addresses, MasterName: name, Dial: dial}
	return &redis.Pool{
		MaxIdle: 1,
		Dial: func() (redis.Conn, error) {
			if err := watch.Discover(); err != nil {
				return nil, err
			}
			if _, err := watch.SlaveAddrs(); err != nil {
				return nil, err
			}
			address, err := watch.MasterAddr()
			if err != nil {
				return nil, err
			}
			return dial(address)
		},
		TestOnBorrow: func(c redis.Conn, _ time.Time) error {
			if !sentinel.TestRole(c, "master") {
				return errors.New("not a master")
			}
			return nil
		},
	}
}

func write(pool *redis.Pool, number int) error {
	c := pool.Get()
	defer c.Close()
	_, err := c.Do("SET", fmt.Sprintf("client:%d", os.Getpid()), number)
	return err
}

func main() {
	pool := newPool(strings.Split(os.Args[1], ","), os.Args[2])
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	var writes, failures, last int
	var gap time.Duration
	var acceptedAt time.Time
	state := ""
	for number := 1; ; number++ {
		if err := write(pool, number); err != nil {
			failures++
			if state != "err" {
				fmt.Printf("err %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
			}
			state = "err"
		} else {
			now := time.Now()
			if !acceptedAt.IsZero() && now.Sub(acceptedAt) > gap {
				gap = now.Sub(acceptedAt)
			}
			acceptedAt = now
			writes++
			last = number
			if state != "ok" {
				fmt.Printf("ok %d\n", number)
			}
			state = "ok"
		}
		select {
		case <-stop:
			fmt.Printf("summary writes=%d errors=%d last=%d gap_ms=%d\n", writes, failures, last, gap.Milliseconds())
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
