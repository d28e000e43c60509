-- Whether commits of an epoch may be done on this very server. The gate reads 'epoch run_id master_replid' and expires when
-- nobody records. Its copy on a server that was restarted, restored or promoted names another run or replication id, so
-- that stock which went back in time is never sold from before it is reconciled.
local function server_is(run_id, replid)
  local info = redis.call('INFO', 'server', 'replication')
  return string.find(info, 'role:master', 1, true)
    and string.find(info, 'run_id:' .. run_id, 1, true)
    and string.find(info, 'master_replid:' .. replid, 1, true)
end

-- This very server, as long as it runs: 'run_id master_replid'.
local function server_id()
  local info = redis.call('INFO', 'server', 'replication')
  return string.match(info, 'run_id:(%x+)') .. ' ' .. string.match(info, 'master_replid:(%x+)')
end

local function gate_is_open(gate_key, epoch)
  local gate_epoch, run_id, replid = string.match(redis.call('GET', gate_key) or '', '^(%d+) (%x+) (%x+)$')
  return gate_epoch == epoch and server_is(run_id, replid)
end

