"""redis-py, blocking: writes through Sentinel.master_for, reads back through Sentinel.slave_for."""

import time

from redis.exceptions import RedisError
from redis.sentinel import Sentinel

from contract import PERIOD, Report, arguments


def main():
    addresses, name, credentials = arguments()
    sentinel = Sentinel(
        addresses,
        socket_timeout=1.0,
        sentinel_kwargs={"socket_timeout": 1.0, **credentials},
        **credentials,
    )
    master = sentinel.master_for(name)
    replica = sentinel.slave_for(name)
    report = Report()
    while not report.stopped:
        number = report.next()
        try:
            master.set(report.key, number)
            if number % 25 == 0:
                replica.get(report.key)
            report.ok(number)
        except RedisError as error:
            report.err(error)
        time.sleep(PERIOD)
    report.summary()


main()
