# redis-rb 4.8: a Redis object given sentinels asks them on every new connection, and ROLE at the server.
require "redis"

addresses, name = ARGV
sentinels = addresses.split(",").map do |address|
  host, port = address.split(":")
  { host: host, port: port.to_i }
end

stopped = false
trap("TERM") { stopped = true }
$stdout.sync = true

client = Redis.new(url: "redis://#{name}", sentinels: sentinels, role: :master, timeout: 1, reconnect_attempts: 1)
clock = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
number = writes = errors = last = 0
gap = 0.0
accepted_at = working = nil
until stopped
  number += 1
  begin
    client.set("client:#{Process.pid}", number)
    now = clock.call
    gap = [gap, now - accepted_at].max if accepted_at
    accepted_at = now
    writes += 1
    last = number
    puts "ok #{number}" unless working == true
    working = true
  rescue Redis::BaseError, SystemCallError => e
    errors += 1
    puts "err #{e.class} #{e.message.tr("\n", ' ')}" unless working == false
    working = false
  end
  sleep 0.02
end
puts "summary writes=#{writes} errors=#{errors} last=#{last} gap_ms=#{(gap * 1000).round}"
