-- Texts of the store: one call, since a command for each would cost the client far more than the store.
--
-- KEYS  epoch, layout; then the hash of each text, as often as there are texts of it
-- ARGV  the field of each
-- Returns epoch, layout and the texts, nil where there is none.
local texts = {}
for i = 1, #ARGV do
  texts[i] = redis.call('HGET', KEYS[i + 2], ARGV[i])
end
return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), texts}
