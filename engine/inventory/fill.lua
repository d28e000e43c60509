-- Writes a part of what is rebuilt, into keys that nobody reads yet. Refused once another epoch has been stamped,
-- and on a server that was restarted or promoted since the stamp: what was filled before may be lost there.
--
-- KEYS  epoch, then hashes    ARGV  epoch, hashes (JSON: for each its fields and values in turn, and the Unix second at
--       which it expires, or 0), id of the server that was stamped
-- Returns 1, or 0 when refused.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or server_id() ~= ARGV[3] then
  return 0
end
for i, hash in ipairs(cjson.decode(ARGV[2])) do
  redis.call('HSET', KEYS[i + 1], unpack(hash.fields))
  if hash.expires > 0 then
    redis.call('EXPIREAT', KEYS[i + 1], string.format('%d', hash.expires))
  end
end
return 1
