-- What the room that goes through the hats may do besides: {room}.
grant execute on function access.certify_hat(text, boolean, text, text, timestamptz) to {room};
