-- For wrk: says CONTENT, with a name of its own each time where WITH_NAME is set.
local content, with_name = os.getenv("CONTENT"), os.getenv("WITH_NAME") ~= ""

math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local function name()
   local parts = {}
   for i = 1, 8 do
      parts[i] = string.format("%04x", math.random(0, 65535))
   end
   return table.concat(parts)
end

function request()
   local body = '{"content":"' .. content .. '"'
   if with_name then
      body = body .. ',"client_message_id":"' .. name() .. '"'
   end
   return wrk.format(nil, nil, nil, body .. "}")
end
