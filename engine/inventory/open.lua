-- Opens the gate of an epoch on this very server. Refused once another epoch has been stamped, on a
-- server that was restarted or promoted since the stamp (what was filled may be lost there), and where the data stays but
-- the log does not end with the last recorded entry (it was drained from another server). The ledger has recorded the
-- opening before: from here on the log goes on from it, and no store that lacks it is opened later.
--
-- KEYS  gate, epoch, layout, head, recorded, log
-- ARGV  epoch, milliseconds the gate stays open, what the log goes on from as 'position link': the opening, as it is
--       recorded; layout ('': the data stays), id of the server that was stamped, 'position link' at which the log must end
--       where the data stays
-- Returns 1, or 0 when refused.
if redis.call('GET', KEYS[2]) ~= ARGV[1] or server_id() ~= ARGV[5] then
  return 0
end
if ARGV[4] == '' then
  local head = redis.call('GET', KEYS[4]) or ''
  if string.sub(head, 1, #ARGV[6] + 1) ~= ARGV[6] .. ' ' then
    return 0
  end
else
  -- Rebuilt from the ledger: the old log tells of another lineage.
  redis.call('SET', KEYS[3], ARGV[4])
  redis.call('DEL', KEYS[6])
end
redis.call('SET', KEYS[4], ARGV[3] .. ' 0 0')
redis.call('SET', KEYS[5], ARGV[3])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[5], 'PX', ARGV[2])
return 1
