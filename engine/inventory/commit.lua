-- One batch of transactions. Guards are checked on copies, transaction by transaction, each seeing those before it; only
-- then is anything written, so that a refused transaction leaves nothing. Written by batch.py, which says what is where.
--
-- KEYS  gate, blocks, head, recorded, log, dates, orders; then request buckets; capacities; pairs of supply and demand
-- ARGV  epoch, block count, entries that may wait, milliseconds they may wait, batch (JSON); then for each transaction
--       request id, request digest, created order id, entry digest, entry
local CLOSED, TOO_FAR_BEHIND = -1, -2
local REFUSED, SEEN, ORDER_EXISTS = 1, 2, 3
local FLOOR, SUPPLY, RANGE, CAPACITY = 1, 2, 3, 4
local QUANTITY_MAX, CAPACITY_MAX = 2147483647, 9007199254740991
local FIXED_KEYS, FIXED_ARGS, ARGS_EACH = 7, 5, 5
local REMEMBERED_SECONDS = 86400

local epoch = ARGV[1]
if not gate_is_open(KEYS[1], epoch) or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return CLOSED
end

local head = redis.call('GET', KEYS[3])
local head_position, chain, mark_sequence, mark_ms = string.match(head, '^(%d+%-%d+) (%x*) (%d+) (%d+)$')
local head_epoch, head_sequence = string.match(head_position, '^(%d+)%-(%d+)$')
local recorded_epoch, recorded_sequence = string.match(redis.call('GET', KEYS[4]), '^(%d+)%-(%d+) ')
local sequence = head_epoch == epoch and tonumber(head_sequence) or 0
local recorded = recorded_epoch == epoch and tonumber(recorded_sequence) or 0
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
-- The mark is one entry of those that wait, and the time it was written: a new one is set when it has been recorded.
local marked = head_epoch == epoch and tonumber(mark_sequence) > recorded
if sequence - recorded >= tonumber(ARGV[3]) or (marked and now_ms - mark_ms > tonumber(ARGV[4])) then
  return TOO_FAR_BEHIND
end

local batch = cjson.decode(ARGV[5])
local body = batch.body

local function argument(t, which)
  return ARGV[FIXED_ARGS + (t - 1) * ARGS_EACH + which]
end

-- What the guards look at: read once, then kept as of the transactions done so far.
local known, existing, supply, demand, used = {}, {}, {}, {}, {}
local key_at = FIXED_KEYS
for bucket = 1, #batch.buckets do
  local ids = {}
  for i, t in ipairs(batch.buckets[bucket]) do
    ids[i] = argument(t, 1)
  end
  local found = redis.call('HMGET', KEYS[key_at + bucket], unpack(ids))
  for i = 1, #ids do
    known[ids[i]] = found[i]
  end
end
local capacity_keys_at = key_at + #batch.buckets
local capacity_count = 0
for k = 1, #batch.capacities do
  local found = redis.call('HMGET', KEYS[capacity_keys_at + k], unpack(batch.capacities[k]))
  for i = 1, #found do
    used[capacity_count + i] = tonumber(found[i] or 0)
  end
  capacity_count = capacity_count + #found
end
local pair_keys_at = capacity_keys_at + #batch.capacities
local cell_count = 0
for k = 1, #batch.pairs do
  local fields = batch.pairs[k]
  local supplies = redis.call('HMGET', KEYS[pair_keys_at + 2 * k - 1], unpack(fields))
  local demands = redis.call('HMGET', KEYS[pair_keys_at + 2 * k], unpack(fields))
  for i = 1, #fields do
    supply[cell_count + i] = tonumber(supplies[i] or 0)
    demand[cell_count + i] = tonumber(demands[i] or 0)
  end
  cell_count = cell_count + #fields
end
