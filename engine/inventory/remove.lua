-- Removes keys that another generation left. Refused once another epoch has been stamped: they may be its own.
--
-- KEYS  epoch, then keys to remove    ARGV  epoch
-- Returns 1, or 0 when refused.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
for i = 2, #KEYS do
  redis.call('UNLINK', KEYS[i])
end
return 1
