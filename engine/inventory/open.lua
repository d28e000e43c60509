-- Opens the gate of an epoch on this very server. Refused once another epoch has been stamped.
--
-- KEYS  gate, epoch, layout, head, recorded, log
-- ARGV  epoch, milliseconds the gate stays open, last recorded entry as 'position link', layout ('': the data stays)
-- Returns 1, or 0 when refused.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
if ARGV[4] ~= '' then
  -- Rebuilt from the ledger: the old log tells of another lineage.
  redis.call('SET', KEYS[3], ARGV[4])
  redis.call('SET', KEYS[4], ARGV[3] .. ' 0 0')
  redis.call('DEL', KEYS[6])
end
redis.call('SET', KEYS[5], ARGV[3])
local info = redis.call('INFO', 'server', 'replication')
local run_id, replid = string.match(info, 'run_id:(%x+)'), string.match(info, 'master_replid:(%x+)')
redis.call('SET', KEYS[1], string.format('%s %s %s', ARGV[1], run_id, replid), 'PX', ARGV[2])
return 1
