-- Closes the gate and stamps a new epoch, from which on only its own sidecar may open. Refused where a newer epoch was here.
--
-- KEYS  gate, epoch    ARGV  epoch
-- Returns this server's id, or 0 when refused.
local stamped = tonumber(redis.call('GET', KEYS[2]) or 0)
if stamped >= tonumber(ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[1])
return server_id()
