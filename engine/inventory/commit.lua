-- One batch of transactions. Guards are checked on copies, transaction by transaction, each seeing those before it; only
-- then is anything written, so that a refused transaction leaves nothing. Written by batch.py, which says what is where.
--
-- KEYS  gate, layout, head, recorded, log, dates, orders; then request buckets; capacities; texts; pairs of supply and
--       demand
-- ARGV  epoch, layout, entries that may wait, milliseconds they may wait, batch (JSON); then for each transaction
--       request id, request digest, created order id, entry digest, entry
-- The batch: `buckets` (numbers of the transactions in each), `capacities`, `texts` and `pairs` (fields of each), `body`
-- (for each transaction its cells c = {cell, supply delta, demand delta, floor, supply expected}, capacities k = {capacity,
-- delta, limit}, texts x = {text, expected, new} and dates d = field, minute, ...). A text expected to be '' must not be
-- there, and one that becomes '' is removed.
-- Returns CLOSED or TOO_FAR_BEHIND, or the head's position before, and for each transaction its position, or a list that
-- begins with SEEN, ORDER_EXISTS (and the request that created it) or REFUSED (and every failed guard as {guard, number,
-- current values}).
local CLOSED, TOO_FAR_BEHIND = -1, -2
local REFUSED, SEEN, ORDER_EXISTS = 1, 2, 3
local FLOOR, SUPPLY, RANGE, CAPACITY, TEXT = 1, 2, 3, 4, 5
local QUANTITY_MAX, CAPACITY_MAX = 2147483647, 9007199254740991
local FIXED_KEYS, FIXED_ARGS, ARGS_EACH = 7, 5, 5
local HOUR_SECONDS, REMEMBERED_SECONDS = 3600, 86400
-- Lua passes fewer than 8,000 values to one call, and a call that fails half way leaves what was written before it.
local VALUES_MAX = 4000

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

local function read_fields(key, fields)
  local values = {}
  for first = 1, #fields, VALUES_MAX do
    local last = math.min(first + VALUES_MAX - 1, #fields)
    for i, value in ipairs(redis.call('HMGET', key, unpack(fields, first, last))) do
      values[first + i - 1] = value
    end
  end
  return values
end

local function write_fields(key, fields_and_values)
  for first = 1, #fields_and_values, VALUES_MAX do
    local last = math.min(first + VALUES_MAX - 1, #fields_and_values)
    redis.call('HSET', key, unpack(fields_and_values, first, last))
  end
end

-- What the guards look at: read once, then kept as of the transactions done so far.
local known, existing, supply, demand, used, texts = {}, {}, {}, {}, {}, {}
local key_at = FIXED_KEYS
for bucket = 1, #batch.buckets do
  local ids = {}
  for i, t in ipairs(batch.buckets[bucket]) do
    ids[i] = argument(t, 1)
  end
  local found = read_fields(KEYS[key_at + bucket], ids)
  for i = 1, #ids do
    known[ids[i]] = found[i]
  end
end
local capacity_keys_at = key_at + #batch.buckets
local capacity_count = 0
for k = 1, #batch.capacities do
  local found = read_fields(KEYS[capacity_keys_at + k], batch.capacities[k])
  for i = 1, #found do
    used[capacity_count + i] = tonumber(found[i] or 0)
  end
  capacity_count = capacity_count + #found
end
local text_keys_at = capacity_keys_at + #batch.capacities
local text_count = 0
for k = 1, #batch.texts do
  local found = read_fields(KEYS[text_keys_at + k], batch.texts[k])
  for i = 1, #found do
    texts[text_count + i] = found[i] or ''
  end
  text_count = text_count + #found
end
local pair_keys_at = text_keys_at + #batch.texts
local cell_count = 0
for k = 1, #batch.pairs do
  local fields = batch.pairs[k]
  local supplies = read_fields(KEYS[pair_keys_at + 2 * k - 1], fields)
  local demands = read_fields(KEYS[pair_keys_at + 2 * k], fields)
  for i = 1, #fields do
    supply[cell_count + i] = tonumber(supplies[i] or 0)
    demand[cell_count + i] = tonumber(demands[i] or 0)
  end
  cell_count = cell_count + #fields
end

local created = {}
for t = 1, #body do
  local order_id = argument(t, 3)
  if order_id ~= '' then
    created[#created + 1] = order_id
  end
end
for i, request_id in ipairs(read_fields(KEYS[7], created)) do
  existing[created[i]] = request_id
end

-- What the guards of one transaction find wrong, after REFUSED; its own changes count for its later cells.
local function failures(t)
  local failed = {REFUSED}
  local own_supply, own_demand, own_used, own_texts = {}, {}, {}, {}
  for i, change in ipairs(body[t].c) do
    local cell, supply_delta, demand_delta, floor, expected = unpack(change)
    local s, d = own_supply[cell] or supply[cell], own_demand[cell] or demand[cell]
    local s_after, d_after = s + supply_delta, d + demand_delta
    local guard
    if expected and s ~= expected then
      guard = SUPPLY
    elseif math.max(math.abs(s_after), math.abs(d_after)) > QUANTITY_MAX then
      guard = RANGE
    elseif floor and s_after - d_after < floor then
      guard = FLOOR
    end
    if guard then
      failed[#failed + 1] = {guard, i, s, d}
    end
    own_supply[cell], own_demand[cell] = s_after, d_after
  end
  for i, change in ipairs(body[t].k) do
    local slot, delta, limit = unpack(change)
    local before = own_used[slot] or used[slot]
    local after = before + delta
    if (delta > 0 and after > limit) or math.abs(after) > CAPACITY_MAX then
      failed[#failed + 1] = {CAPACITY, i, before, 0}
    end
    own_used[slot] = after
  end
  for i, change in ipairs(body[t].x) do
    local text, expected, new = unpack(change)
    local before = own_texts[text] or texts[text]
    if expected and before ~= expected then
      failed[#failed + 1] = {TEXT, i, 0, 0, before}
    end
    own_texts[text] = new
  end
  if #failed == 1 then
    for cell, value in pairs(own_supply) do
      supply[cell] = value
    end
    for cell, value in pairs(own_demand) do
      demand[cell] = value
    end
    for slot, value in pairs(own_used) do
      used[slot] = value
    end
    for text, value in pairs(own_texts) do
      texts[text] = value
    end
  end
  return failed
end

local results = {head_position}
local accepted = {}
for t = 1, #body do
  local request_id, order_id = argument(t, 1), argument(t, 3)
  if known[request_id] then
    results[t + 1] = {SEEN}
  elseif order_id ~= '' and existing[order_id] then
    results[t + 1] = {ORDER_EXISTS, existing[order_id]}
  else
    local failed = failures(t)
    if #failed > 1 then
      results[t + 1] = failed
    else
      known[request_id] = argument(t, 2)
      if order_id ~= '' then
        existing[order_id] = request_id
      end
      accepted[#accepted + 1] = t
    end
  end
end
if #accepted == 0 then
  return results
end

-- From here on everything is written.
local changed_supply, changed_demand, changed_used, changed_texts, is_accepted = {}, {}, {}, {}, {}
local dates, orders = {}, {}
for _, t in ipairs(accepted) do
  is_accepted[t] = true
  for _, change in ipairs(body[t].c) do
    changed_supply[change[1]] = changed_supply[change[1]] or change[2] ~= 0
    changed_demand[change[1]] = changed_demand[change[1]] or change[3] ~= 0
  end
  for _, change in ipairs(body[t].k) do
    changed_used[change[1]] = true
  end
  for _, change in ipairs(body[t].x) do
    changed_texts[change[1]] = true
  end
  for _, value in ipairs(body[t].d) do
    dates[#dates + 1] = value
  end
  if argument(t, 3) ~= '' then
    orders[#orders + 1] = argument(t, 3)
    orders[#orders + 1] = argument(t, 1)
  end
end

local function write_changed(key, fields, first, changed, values)
  local new = {}
  for i = 1, #fields do
    if changed[first + i] then
      new[#new + 1] = fields[i]
      new[#new + 1] = values[first + i]
    end
  end
  write_fields(key, new)
end

cell_count = 0
for k = 1, #batch.pairs do
  write_changed(KEYS[pair_keys_at + 2 * k - 1], batch.pairs[k], cell_count, changed_supply, supply)
  write_changed(KEYS[pair_keys_at + 2 * k], batch.pairs[k], cell_count, changed_demand, demand)
  cell_count = cell_count + #batch.pairs[k]
end
capacity_count = 0
for k = 1, #batch.capacities do
  write_changed(KEYS[capacity_keys_at + k], batch.capacities[k], capacity_count, changed_used, used)
  capacity_count = capacity_count + #batch.capacities[k]
end
text_count = 0
for k = 1, #batch.texts do
  local key, fields, gone, left = KEYS[text_keys_at + k], batch.texts[k], {}, {}
  for i = 1, #fields do
    left[text_count + i] = changed_texts[text_count + i] and texts[text_count + i] ~= ''
    if changed_texts[text_count + i] and not left[text_count + i] then
      gone[#gone + 1] = fields[i]
    end
  end
  write_changed(key, fields, text_count, left, texts)
  for first = 1, #gone, VALUES_MAX do
    redis.call('HDEL', key, unpack(gone, first, math.min(first + VALUES_MAX - 1, #gone)))
  end
  text_count = text_count + #fields
end
write_fields(KEYS[6], dates)
write_fields(KEYS[7], orders)
for bucket = 1, #batch.buckets do
  local key, ids = KEYS[key_at + bucket], {}
  for _, t in ipairs(batch.buckets[bucket]) do
    if is_accepted[t] then
      ids[#ids + 1] = argument(t, 1)
      ids[#ids + 1] = argument(t, 2)
    end
  end
  if #ids > 0 then
    -- A bucket is named by the hour of its ids. Ids that come late are remembered for at least an hour.
    local hour = tonumber(string.match(key, ':(%d+)$'))
    local until_hour = (hour + 1) * HOUR_SECONDS + REMEMBERED_SECONDS
    write_fields(key, ids)
    redis.call('EXPIREAT', key, string.format('%d', math.max(until_hour, time[1] + HOUR_SECONDS)))
  end
end

local position, link = head_position, chain
if not marked then
  mark_sequence, mark_ms = sequence + 1, now_ms
end
for _, t in ipairs(accepted) do
  local previous = position
  sequence = sequence + 1
  position = string.format('%s-%d', epoch, sequence)
  link = redis.sha1hex(string.format('%s %s %s %s', link, position, argument(t, 1), argument(t, 4)))
  redis.call('XADD', KEYS[5], position, 'previous', previous, 'request', argument(t, 1), 'created', argument(t, 3),
    'link', link, 'entry', argument(t, 5))
  results[t + 1] = position
end
redis.call('SET', KEYS[3], string.format('%s %s %d %d', position, link, mark_sequence, mark_ms))
return results
