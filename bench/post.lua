-- wrk: one position a request, another device each time
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
function request()
  n = n + 1
  return wrk.format(nil, "/ingest/message", nil, '{"message_type_id":"gps_reading","device_id":"phone-' .. (n % 100) ..
    '","data":{"latitude":52.5,"longitude":13.4,"altitude":34.5,"accuracy":' .. (n % 50) .. ',"speed":1.25}}')
end
