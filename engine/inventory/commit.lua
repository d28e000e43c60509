-- One batch of transactions. Guards are checked on copies, transaction by transaction, each seeing those before it; only
-- then is anything written, so that a refused transaction leaves nothing. Written by batch.py, which says what is where.
--
-- KEYS  gate, layout, head, recorded, log, dates, orders; then request buckets; capacities; texts; pairs of supply and
--       demand
-- ARGV  epoch, layout, entries that may wait, milliseconds they may wait, batch (JSON); then for each transaction
--       request id, request digest, created order id, entry digest, entry
-- The batch: `buckets` (numbers of the transactions in each), `capacities`, `texts` and `pairs` (fields of each), `body`
-- (for each transaction its cells c = cell, supply delta, demand delta, floor, supply expected or {supply, demand, field of
-- its date, minute}, cell, ...; likewise its capacities k = capacity, delta, limit, ..., texts x = text, expected, new, ...
-- and dates d = field, minute, ...). A text expected to be '' must not be there, and one that becomes '' is removed.
-- Returns CLOSED or TOO_FAR_BEHIND, or the head's position before, and for each transaction its position, or a list that
-- begins with SEEN, ORDER_EXISTS (and the request that created it) or REFUSED (and every failed guard as {guard, number,
-- current values}).
local CLOSED, TOO_FAR_BEHIND = -1, -2
local REFUSED, SEEN, ORDER_EXISTS = 1, 2, 3
local FLOOR, SUPPLY, RANGE, CAPACITY, TEXT, DEMAND, DATE = 1, 2, 3, 4, 5, 6, 7
local QUANTITY_MAX, CAPACITY_MAX = 2147483647, 9007199254740991
local FIXED_KEYS, FIXED_ARGS, ARGS_EACH = 7, 5, 5
local CELL_VALUES, CAPACITY_VALUES, TEXT_VALUES = 5, 3, 3
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

-- What a hash holds in some fields, into values[at + 1] and on; false where there is nothing.
local function read_fields(key, fields, values, at)
  if #fields == 1 then
    values[at + 1] = redis.call('HGET', key, fields[1])
    return
  end
  for first = 1, #fields, VALUES_MAX do
    local last = math.min(first + VALUES_MAX - 1, #fields)
    for i, value in ipairs(redis.call('HMGET', key, unpack(fields, first, last))) do
      values[at + first + i - 1] = value
    end
  end
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
  local ids, found = {}, {}
  for i, t in ipairs(batch.buckets[bucket]) do
    ids[i] = argument(t, 1)
  end
  read_fields(KEYS[key_at + bucket], ids, found, 0)
  for i = 1, #ids do
    known[ids[i]] = found[i]
  end
end
local capacity_keys_at = key_at + #batch.buckets
local capacity_count = 0
for k = 1, #batch.capacities do
  local fields = batch.capacities[k]
  read_fields(KEYS[capacity_keys_at + k], fields, used, capacity_count)
  capacity_count = capacity_count + #fields
end
for slot = 1, capacity_count do
  used[slot] = tonumber(used[slot] or 0)
end
local text_keys_at = capacity_keys_at + #batch.capacities
local text_count = 0
for k = 1, #batch.texts do
  local fields = batch.texts[k]
  read_fields(KEYS[text_keys_at + k], fields, texts, text_count)
  text_count = text_count + #fields
end
for text = 1, text_count do
  texts[text] = texts[text] or ''
end
-- Demand is read only where a change adds to it or asks for it: most of a feed does neither.
local wants_demand, dated = {}, {}
for t = 1, #body do
  local cells = body[t].c
  for i = 1, #cells, CELL_VALUES do
    local expected = cells[i + 4]
    local is_list = type(expected) == 'table'
    if cells[i + 2] ~= 0 or cells[i + 3] or (is_list and expected[2]) then
      wants_demand[cells[i]] = true
    end
    if is_list and expected[3] then
      dated[#dated + 1] = expected[3]
    end
  end
end
-- Dates of receipts that are asked for, as of the transactions done so far; 0: none.
local date_of, dates_found = {}, {}
if #dated > 0 then
  read_fields(KEYS[6], dated, dates_found, 0)
  for i = 1, #dated do
    date_of[dated[i]] = tonumber(dates_found[i] or 0)
  end
end
local pair_keys_at = text_keys_at + #batch.texts
local cell_count = 0
for k = 1, #batch.pairs do
  local fields = batch.pairs[k]
  read_fields(KEYS[pair_keys_at + 2 * k - 1], fields, supply, cell_count)
  local is_wanted = false
  for i = cell_count + 1, cell_count + #fields do
    supply[i] = tonumber(supply[i] or 0)
    is_wanted = is_wanted or wants_demand[i]
  end
  if is_wanted then
    read_fields(KEYS[pair_keys_at + 2 * k], fields, demand, cell_count)
    for i = cell_count + 1, cell_count + #fields do
      demand[i] = tonumber(demand[i] or 0)
    end
  end
  cell_count = cell_count + #fields
end

-- Demand of a cell that was not read because nothing hangs on it: only to be told.
local demand_key, demand_field
local function read_demand(cell)
  if not demand_key then
    demand_key, demand_field = {}, {}
    for k = 1, #batch.pairs do
      for _, field in ipairs(batch.pairs[k]) do
        demand_field[#demand_field + 1] = field
        demand_key[#demand_field] = KEYS[pair_keys_at + 2 * k]
      end
    end
  end
  return tonumber(redis.call('HGET', demand_key[cell], demand_field[cell]) or 0)
end

local created, creators = {}, {}
for t = 1, #body do
  local order_id = argument(t, 3)
  if order_id ~= '' then
    created[#created + 1] = order_id
  end
end
read_fields(KEYS[7], created, creators, 0)
for i = 1, #created do
  existing[created[i]] = creators[i]
end

-- What the guards of one transaction find wrong, after REFUSED; its own changes count for its later cells. Its changes are
-- made on the copies, and taken back where anything is wrong.
local function failures(t)
  local failed = {REFUSED}
  local cells, capacities, changes = body[t].c, body[t].k, body[t].x
  local cells_before, used_before, texts_before = {}, {}, {}
  for i = 1, #cells, CELL_VALUES do
    local cell, floor, expected = cells[i], cells[i + 3], cells[i + 4]
    local s, d, demand_expected, field, minute_expected = supply[cell], demand[cell], nil, nil, nil
    if type(expected) == 'table' then
      expected, demand_expected, field, minute_expected = unpack(expected)
    end
    local s_after, d_after = s + cells[i + 1], d and d + cells[i + 2]
    local guard
    if expected and s ~= expected then
      guard = SUPPLY
    elseif demand_expected and d ~= demand_expected then
      guard = DEMAND
    elseif field and date_of[field] ~= minute_expected then
      guard = DATE
    elseif math.abs(s_after) > QUANTITY_MAX or (d and math.abs(d_after) > QUANTITY_MAX) then
      guard = RANGE
    elseif floor and s_after - d_after < floor then
      guard = FLOOR
    end
    if guard then
      failed[#failed + 1] = {guard, (i + CELL_VALUES - 1) / CELL_VALUES, s, d or read_demand(cell)}
    end
    cells_before[i], cells_before[i + 1] = s, d
    supply[cell], demand[cell] = s_after, d_after
  end
  for i = 1, #capacities, CAPACITY_VALUES do
    local slot, delta, limit = capacities[i], capacities[i + 1], capacities[i + 2]
    local before = used[slot]
    local after = before + delta
    if (delta > 0 and after > limit) or math.abs(after) > CAPACITY_MAX then
      failed[#failed + 1] = {CAPACITY, (i + CAPACITY_VALUES - 1) / CAPACITY_VALUES, before, 0}
    end
    used_before[i] = before
    used[slot] = after
  end
  for i = 1, #changes, TEXT_VALUES do
    local text, expected = changes[i], changes[i + 1]
    local before = texts[text]
    if expected and before ~= expected then
      failed[#failed + 1] = {TEXT, (i + TEXT_VALUES - 1) / TEXT_VALUES, 0, 0, before}
    end
    texts_before[i] = before
    texts[text] = changes[i + 2]
  end
  if #failed > 1 then
    for i = #cells - CELL_VALUES + 1, 1, -CELL_VALUES do
      supply[cells[i]], demand[cells[i]] = cells_before[i], cells_before[i + 1]
    end
    for i = #capacities - CAPACITY_VALUES + 1, 1, -CAPACITY_VALUES do
      used[capacities[i]] = used_before[i]
    end
    for i = #changes - TEXT_VALUES + 1, 1, -TEXT_VALUES do
      texts[changes[i]] = texts_before[i]
    end
  else
    local dates = body[t].d
    for i = 1, #dates, 2 do
      if date_of[dates[i]] then
        date_of[dates[i]] = dates[i + 1]
      end
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
  local cells, capacities, changes = body[t].c, body[t].k, body[t].x
  for i = 1, #cells, CELL_VALUES do
    local cell = cells[i]
    changed_supply[cell] = changed_supply[cell] or cells[i + 1] ~= 0
    changed_demand[cell] = changed_demand[cell] or cells[i + 2] ~= 0
  end
  for i = 1, #capacities, CAPACITY_VALUES do
    changed_used[capacities[i]] = true
  end
  for i = 1, #changes, TEXT_VALUES do
    changed_texts[changes[i]] = true
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
  if #fields == 1 then
    if changed[first + 1] then
      redis.call('HSET', key, fields[1], values[first + 1])
    end
    return
  end
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
