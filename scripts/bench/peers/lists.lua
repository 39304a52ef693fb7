-- Appended to authorize.lua: leaves out of a list the tools that no rule names.
local encode_value

local function encode_text(text)
  return '"' .. string.gsub(text, '["\\%c]', function(c) return string.format("\\u%04x", byte(c)) end) .. '"'
end

function encode_value(item)
  if type(item) == "string" then return encode_text(item) end
  if type(item) ~= "table" then return tostring(item) end
  local parts = {}
  if item[1] ~= nil then
    for i = 1, #item do parts[i] = encode_value(item[i]) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, member in pairs(item) do parts[#parts + 1] = encode_text(key) .. ":" .. encode_value(member) end
  return "{" .. table.concat(parts, ",") .. "}"
end

envoy_on_request = nil

function envoy_on_response(handle)
  local body = handle:body()
  local good, message = pcall(parse, body and body:getBytes(0, body:length()) or "")
  if not good or type(message) ~= "table" or not message.result or not message.result.tools then return end
  local kept = {}
  for _, tool in ipairs(message.result.tools) do
    local number = tonumber(string.match(tool.name, "^tool%-(%d+)$") or "")
    if number and number < 999 then kept[#kept + 1] = tool end
  end
  message.result.tools = kept
  body:setBytes(encode_value(message))
end
