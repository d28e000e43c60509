-- Tells what the ledger has recorded, and keeps the gate open. Refused where the gate is not open for the epoch on this
-- very server: it expired, another sidecar took over, or this is a server that was promoted or restored.
--
-- KEYS  gate, recorded, log, channel
-- ARGV  epoch, milliseconds the gate stays open, last recorded entry as 'position link', message ('': nothing new),
--       first position to keep in the log ('': all)
-- Returns 1, or 0 when refused.
if not gate_is_open(KEYS[1], ARGV[1]) then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if ARGV[4] ~= '' then
  redis.call('SET', KEYS[2], ARGV[3])
  redis.call('PUBLISH', KEYS[4], ARGV[4])
end
if ARGV[5] ~= '' then
  redis.call('XTRIM', KEYS[3], 'MINID', '~', ARGV[5])
end
return 1
