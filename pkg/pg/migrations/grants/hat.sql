-- What the room that goes through the hats may do besides: {room}.
grant execute on function access.certify_hat(text, boolean, text, text, timestamptz) to {room};
grant execute on function access.put_marks(text, text, text[]), access.forget_marks(timestamptz), access.number_periods() to {room};
