module extauthz

go 1.21
