"""redis-py, asyncio: the same program over redis.asyncio.sentinel."""

import asyncio

from redis.asyncio.sentinel import Sentinel
from redis.exceptions import RedisError

from contract import PERIOD, Report, arguments


async def main():
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
            await master.set(report.key, number)
            if number % 25 == 0:
                await replica.get(report.key)
            report.ok(number)
        except RedisError as error:
            report.err(error)
        await asyncio.sleep(PERIOD)
    report.summary()


asyncio.run(main())
