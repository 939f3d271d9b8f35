-- What a room that keeps the reviews of break-glass may do besides: {room}.
grant insert (glass, outcome, by_person, by_hat) on access.glass_review to {room};
